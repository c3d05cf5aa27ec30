#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Prints, for Meson, the tests that are scripts: label, name, command, seconds.

A scenario is each tests/scenario/*.smtp; every executable file of
tests/interop and tests/fault that does not end in .py is a test. With --fuzz: the
fuzz targets' names.
"""

import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent

if "--fuzz" in sys.argv:
    for path in sorted((HERE / "fuzz").glob("*_fuzz.c")):
        print(path.stem)
    sys.exit(0)

for path in sorted((HERE / "scenario").glob("*.smtp")):
    print("scenario", path.stem, f"{HERE}/scenario/run;{path}", 180, sep="|")
for label, seconds in (("interop", 900), ("fault", 1200)):
    for path in sorted((HERE / label).glob("*")):
        if path.is_file() and os.access(path, os.X_OK) and not path.suffix:
            print(label, path.name, path, seconds, sep="|")
