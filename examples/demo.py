#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""demo.py: the example site, made real under run/, for ./dev run and ./dev demo.

	demo.py run     keep the engine running until Ctrl-C
	demo.py demo    start it, send it mail, show what arrived and the rate, stop
	demo.py demo --dataplane dpdk
	                the same over Penstock's own TCP: the engine and the load
	                generator linked by shared memory (memif), without the
	                kernel's network, without root or special hardware
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
import engine  # noqa: E402
import memif  # noqa: E402

SITE = ROOT / "examples" / "site"
DOMAIN = "gilmore.test"
MESSAGES = 5000
BLAST_BOXES = 100


class Site:
    """The files of examples/site with paths, port and owner filled in."""

    def __init__(self, run_dir, port):
        self.run = pathlib.Path(run_dir)
        self.port = port
        is_root = os.geteuid() == 0
        self.uid = engine.OWNER_UID if is_root else os.geteuid()
        self.gid = engine.OWNER_GID if is_root else os.getegid()
        self.etc = self.run / "etc"
        self.mail = self.run / "mail"
        self.process = None

    def write(self):
        """Makes the run folder. Mail that is there stays."""
        words = {"@RUN@": str(self.run), "@UID@": str(self.uid),
                 "@GID@": str(self.gid), "@PORT@": str(self.port),
                 "@PORT_SUBMISSION@": str(self.port + 1),
                 "@PORT_SMTPS@": str(self.port + 2),
                 "@MINIMUM_UID@": str(min(self.uid, 100))}
        for path in (self.run, self.etc, self.mail):
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o755)
        for source in SITE.iterdir():
            text = source.read_text(encoding="utf-8")
            for word, value in words.items():
                text = text.replace(word, value)
            if source.name == "virtual_mailbox_maps":
                text += "".join(
                    f"user{i}@{DOMAIN}    {DOMAIN}/user{i}/mail/\n"
                    for i in range(BLAST_BOXES))
            (self.etc / source.name).write_text(text, encoding="utf-8")
        cert, key = (self.etc / f"ssl-140409.{end}" for end in ("pem", "key"))
        if not cert.exists():
            engine.make_certificate(cert, key, f"mx.{DOMAIN}")
            if os.geteuid() == 0:  # a reload reads it as the mail's owner
                os.chown(key, self.uid, self.gid)
        if os.geteuid() == 0:
            for path in (self.run, self.mail):
                os.chown(path, self.uid, self.gid)

    def use_dataplane(self):
        """Over memif: other addresses, and a device to have them on."""
        for name, old, new in (("master.cf", "127.0.0.1", memif.SERVER4),
                               ("master.cf", "::1", memif.SERVER6)):
            path = self.etc / name
            path.write_text(path.read_text(encoding="utf-8")
                            .replace(old, new), encoding="utf-8")
        with open(self.etc / "main.cf", "a", encoding="utf-8") as main_cf:
            main_cf.write(
                "penstock_dataplane = dpdk\n"
                f"penstock_dpdk_args = {self.eal('server')}\n"
                f"penstock_ipv4 = {memif.SERVER4}/24\n"
                f"penstock_ipv6 = {memif.SERVER6}/64\n"
                "penstock_workers = 1\n")

    def eal(self, role):
        """DPDK's arguments of one end of the link."""
        return memif.EAL.format(role=role, megabytes=256,
                                socket=self.run / "memif", more="")

    def argv(self, *verb):
        """A verb of the command on this site."""
        return [str(engine.binary("penstock")), verb[0], "-c", str(self.etc),
                *verb[1:]]

    def start(self, is_reached=None):
        """Starts the engine and waits for its greeting, or is_reached()."""
        self.process = subprocess.Popen(self.argv("run"),
                                        stdin=subprocess.DEVNULL)

        def is_up():
            if self.process.poll() is not None:
                raise engine.EngineError(
                    f"the engine ended with {self.process.returncode}")
            if is_reached is not None:
                return is_reached()
            return engine.greeting("127.0.0.1", self.port).strip()

        return engine.wait_until(is_up, 30, "the engine's greeting")

    def stop(self):
        """SIGTERM; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def say(text):
    """A step of the demo."""
    print(f"\n\033[1m== {text}\033[0m", flush=True)


def files(folder):
    """What has arrived under a maildir."""
    return sorted(folder.glob("new/*")) + sorted(folder.glob("cur/*"))


def send_one(site):
    """One letter by a real client, and what the mailbox then holds."""
    say("one letter, by swaks")
    subprocess.run(
        ["swaks", "--server", "127.0.0.1", "--port", str(site.port),
         "--helo", "client.example.test", "--from", "virginia@dickie.test",
         "--to", f"team@{DOMAIN}", "--h-Subject", "Hello from swaks",
         "--body", "It works.", "--hide-informational"],
        check=True)
    box = site.mail / DOMAIN / "happy" / "mail"
    engine.wait_until(lambda: files(box), 30, "the letter in its mailbox")
    say(f"it arrived in three mailboxes (team@ is an alias): {box}/new")
    print(files(box)[-1].read_text(encoding="utf-8", errors="replace"))


def send_many(site, target, options=()):
    """The load generator's report, and the mailboxes counted."""
    say(f"{MESSAGES} letters of 4 KiB to {BLAST_BOXES} mailboxes, by blast"
        + (" over TLS" if "--tls" in options else ""))

    def arrived():
        return sum(len(files(site.mail / DOMAIN / f"user{i}" / "mail"))
                   for i in range(BLAST_BOXES))

    before = arrived()
    start = time.monotonic()
    subprocess.run(
        [str(engine.binary("blast")), "--to", f"{target}:{site.port}",
         *options, "--connections", "20", "--messages", str(MESSAGES), "--size", "4096",
         "--mailboxes", str(BLAST_BOXES), "--domain", DOMAIN],
        check=True)
    engine.wait_until(lambda: arrived() >= before + MESSAGES, 120,
                      "every letter in its mailbox")
    seconds = time.monotonic() - start
    say(f"all {MESSAGES} are in maildirs, {MESSAGES / seconds:.0f} a second "
        "from the first byte to the last file; each was durable before its 250")


def demo():
    """Start, send, show, stop."""
    run_dir = ROOT / "run" / "demo"
    shutil.rmtree(run_dir, ignore_errors=True)
    site = Site(run_dir, engine.free_port())
    site.write()
    say(f"the configuration, as penstock check sees it ({site.etc})")
    subprocess.run(site.argv("check"), check=True)
    say(f"starting the engine on 127.0.0.1:{site.port}")
    try:
        print(site.start())
        send_one(site)
        send_many(site, "127.0.0.1")
        send_many(site, "127.0.0.1", ["--tls", "starttls"])
        show_status(site)
    finally:
        code = site.stop() if site.process else None
    say(f"stopped (exit code {code}); everything is under {run_dir}")
    return code


def show_status(site):
    """What the engine says of itself."""
    say("penstock status")
    sys.stdout.flush()
    subprocess.run(site.argv("status"), check=True)


def demo_dataplane():
    """The same without the kernel's network: two processes, one memif link."""
    run_dir = ROOT / "run" / "demo"
    shutil.rmtree(run_dir, ignore_errors=True)
    site = Site(run_dir, 25)
    site.write()
    site.use_dataplane()
    say(f"the configuration, as penstock check sees it ({site.etc})")
    subprocess.run(site.argv("check"), check=True)
    say(f"starting the engine on its own TCP, {memif.SERVER4}:{site.port}, "
        "over memif")
    try:
        site.start(lambda: subprocess.run(
            site.argv("status"), capture_output=True,
            check=False).returncode == 0)
        send_many(site, memif.SERVER4,
                  ["--dataplane", "dpdk", "--dpdk-args", site.eal("client"),
                   "--ip", f"{memif.CLIENT4}/24"])
        box = site.mail / DOMAIN / "user0" / "mail"
        say(f"the first of {box}/new")
        print(files(box)[0].read_text(encoding="utf-8", errors="replace")
              [:600] + "...")
        show_status(site)
    finally:
        code = site.stop() if site.process else None
    say(f"stopped (exit code {code}); everything is under {run_dir}")
    return code


def run():
    """Until Ctrl-C."""
    site = Site(ROOT / "run" / "site", 2525)
    site.write()
    print(site.start())
    print(f"""
The engine runs on 127.0.0.1:{site.port}; Ctrl-C stops it.
  send    swaks --server 127.0.0.1 --port {site.port} --to happy@{DOMAIN}
  look    ls {site.mail}/{DOMAIN}/happy/mail/new
  log     tail -f {site.run}/maillog
  status  {' '.join(site.argv("status"))}
""", flush=True)
    try:
        return site.process.wait()
    except KeyboardInterrupt:
        return site.process.wait(60)


if __name__ == "__main__":
    verbs = {"run": run, "demo": demo, "demo --dataplane sockets": demo,
             "demo --dataplane dpdk": demo_dataplane}
    verb = " ".join(sys.argv[1:])
    if verb not in verbs:
        sys.exit(__doc__)
    try:
        sys.exit(verbs[verb]())
    except (engine.EngineError, subprocess.CalledProcessError) as error:
        sys.exit(f"demo: {error}")
