# SPDX-License-Identifier: BSD-2-Clause
"""load.py: blast for tests: in the background, and its verdict afterwards."""

import json
import re
import signal
import subprocess
import threading

import engine

PROGRESS = re.compile(r"([\d.]+) s +(\d+) acknowledged +\d+/s +(\d+) refused +"
                      r"(\d+) lost +(\d+) in flight +(\d+) idle")


class Blast:
    """A running blast against a service of an engine.

    Members acked, refused, lost, idle follow its progress, once a second.
    """

    def __init__(self, server, options, service="smtp"):
        argv = [str(engine.binary("blast")), "--to",
                f"{server.host(service)}:{server.port(service)}",
                "--domain", server.domain,
                "--mailboxes", str(len(server.mailboxes)),
                "--json", "--progress", *[str(o) for o in options]]
        self.acked = self.refused = self.lost = self.idle = 0
        self.said = []
        self.process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self._follow, daemon=True)
        self.reader.start()

    def _follow(self):
        for line in self.process.stderr:
            match = PROGRESS.search(line)
            if match:
                numbers = [int(n) for n in match.groups()[1:]]
                self.acked, self.refused, self.lost, _, self.idle = numbers
            else:
                self.said.append(line)

    def is_running(self):
        """Until it has ended."""
        return self.process.poll() is None

    def stop(self):
        """Ends it in order: what is in flight is finished."""
        if self.is_running():
            self.process.send_signal(signal.SIGTERM)

    def result(self, seconds=120):
        """Waits for its end. Gives (exit code, report)."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise engine.EngineError(
                f"blast does not end within {seconds} s") from None
        self.reader.join()
        out = self.process.stdout.read()
        try:
            return code, json.loads(out)
        except ValueError:
            raise engine.EngineError(
                f"blast ended with {code}: {''.join(self.said)}{out}"
            ) from None


def verify(ledger, server):
    """Compares maildirs with a ledger. Gives (is all there, report, faults)."""
    done = subprocess.run(
        [str(engine.binary("blast")), "--verify", str(ledger), "--maildirs",
         str(server.mail_dir), "--json"], capture_output=True, text=True,
        check=False)
    if not done.stdout:
        raise engine.EngineError(f"blast --verify ended with "
                                 f"{done.returncode}: {done.stderr}")
    report = json.loads(done.stdout)
    return done.returncode == 0 and report["ok"], report, done.stderr


def wait_drained(server, seconds=120):
    """Until the engine has delivered all that it accepted."""
    def is_drained():
        done = server.verb("status", "--json")
        if done.returncode != 0:
            raise engine.EngineError(f"penstock status: {done.stderr}")
        queue = json.loads(done.stdout)["queue"]
        return not any(queue[k] for k in ("active", "deferred", "held"))

    engine.wait_until(is_drained, seconds, "the queue runs empty")
