# SPDX-License-Identifier: BSD-2-Clause
"""peers.py: mail servers to compare, each started in a run folder of its own.

All of them take mail for user0@example.test ... on a high port of 127.0.0.1
and put it into maildirs under mail/example.test/userN/. Whoever starts one
stops it, by its process ids; nothing outside the run folder is touched.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))
import engine  # noqa: E402
import meter  # noqa: E402

DOMAIN = "example.test"


class PeerError(Exception):
    """A server that cannot be had here: says why, and what would help."""


class Peer:
    """What is common: folders, a group, waiting."""

    name = "peer"
    takes_ahead = True  # commands behind the end of the data: RFC 2920
    accept_threads = staticmethod(lambda name: True)

    def __init__(self, run_dir, mailboxes):
        self.dir = pathlib.Path(run_dir) / self.name
        self.dir.mkdir(parents=True, exist_ok=True)
        self.dir.chmod(0o755)
        self.mail_dir = self.dir / "mail"
        self.mailboxes = mailboxes
        self.port = engine.free_port()
        self.group = meter.Group(f"penstock-bench-{self.name}")
        self.process = None

    def _spawn(self, argv, **kwargs):
        log = open(self.dir / "stderr", "ab")
        with log:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=self.group.enter, start_new_session=True, **kwargs)
        self.group.pid = self.process.pid

    def _wait_up(self, seconds=60):
        def is_up():
            if self.process.poll() is not None:
                raise PeerError(
                    f"{self.name} ended with {self.process.returncode}: see "
                    f"{self.dir}/stderr:\n"
                    + (self.dir / "stderr").read_text("utf-8", "replace"))
            return engine.greeting("127.0.0.1", self.port).startswith("220")

        engine.wait_until(is_up, seconds, f"{self.name} on {self.port}")

    def stop(self):
        """SIGTERM to what was started; what does not go is killed, by pid."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(60)
        for _ in range(100):
            left = [p for p in self.group.pids() if os.path.exists(
                f"/proc/{p}") and p != os.getpid()]
            if self.process.poll() is not None and not left:
                break
            time.sleep(0.1)
        else:
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.process = None
        self.group.close()

    def boxes(self):
        """Paths of all maildirs."""
        return [self.mail_dir / DOMAIN / f"user{i}"
                for i in range(self.mailboxes)]

    def delivered(self, number, seconds):
        """Waits until so many files are in the maildirs. Gives when that was
        seen (monotonic), looking at most every tenth of a second."""
        counts = dict.fromkeys(self.boxes(), 0)
        end = time.monotonic() + seconds
        last_sum = -1
        while True:
            now = time.monotonic()
            for box in counts:
                with contextlib.suppress(FileNotFoundError):
                    # a directory's size and mtime do not tell: count
                    counts[box] = len(os.listdir(box / "new"))
            total = sum(counts.values())
            if total >= number:
                return now
            if now > end:
                raise PeerError(f"{self.name}: {total} of {number} files "
                                f"within {seconds} s")
            left = number - total
            # fewer looks while much is left: counting costs CPU as well
            time.sleep(0.02 if left < 500 or total != last_sum and left < 2000
                       else 0.1)
            last_sum = total


class Postfix(Peer):
    """Debian's Postfix with its virtual delivery, tuned."""

    name = "postfix"
    # what works on a message until its 250; the rest delivers it
    accept_threads = staticmethod(lambda name: name in (
        "smtpd", "cleanup", "trivial-rewrite", "anvil", "master", "proxymap",
        "postlogd", "tlsmgr"))

    def __init__(self, run_dir, mailboxes, extra=None):
        super().__init__(run_dir, mailboxes)
        if os.geteuid() != 0:
            raise PeerError("postfix starts as root only")
        if not shutil.which("postfix"):
            raise PeerError("postfix is missing: apt-get install postfix")
        self.conf = self.dir / "etc"
        self._configure(extra or {})

    def _configure(self, extra):
        for path in (self.conf, self.dir / "queue", self.dir / "data",
                     self.mail_dir):
            path.mkdir(exist_ok=True)
        os.chown(self.mail_dir, engine.OWNER_UID, engine.OWNER_GID)
        shutil.chown(self.dir / "data", "postfix", "postfix")
        (self.conf / "mailboxes").write_text("".join(
            f"user{i}@{DOMAIN}\t{DOMAIN}/user{i}/\n"
            for i in range(self.mailboxes)), "ascii")
        # no limit on processes, clients or rates; no DNS; no pause when mail
        # comes in faster than it leaves; processes live as long as the run,
        # so that none is forked while it is measured
        params = {
            "compatibility_level": "3.6",
            "queue_directory": self.dir / "queue",
            "data_directory": self.dir / "data",
            "myhostname": f"mx.{DOMAIN}",
            "mydestination": "",
            "mynetworks": "192.0.2.0/32",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "local_recipient_maps": "",
            "alias_maps": "",
            "alias_database": "",
            "smtpd_banner": "$myhostname ESMTP",
            "virtual_mailbox_domains": DOMAIN,
            "virtual_mailbox_base": self.mail_dir,
            "virtual_mailbox_maps": f"hash:{self.conf}/mailboxes",
            "virtual_uid_maps": f"static:{engine.OWNER_UID}",
            "virtual_gid_maps": f"static:{engine.OWNER_GID}",
            "virtual_minimum_uid": "100",
            "default_process_limit": "500",
            "in_flow_delay": "0",
            "disable_dns_lookups": "yes",
            "smtpd_peername_lookup": "no",
            "smtpd_client_connection_count_limit": "0",
            "smtpd_client_connection_rate_limit": "0",
            "smtpd_client_event_limit_exceptions": "127.0.0.0/8",
            "smtpd_relay_restrictions": "reject_unauth_destination",
            "default_destination_concurrency_limit": "50",
            "initial_destination_concurrency": "20",
            "qmgr_message_active_limit": "100000",
            "qmgr_message_recipient_limit": "100000",
            "max_use": "1000000",
            "max_idle": "3600s",
        }
        params.update(extra)
        (self.conf / "main.cf").write_text("".join(
            f"{k} = {v}\n" for k, v in params.items()), "utf-8")
        services = [
            f"127.0.0.1:{self.port} inet n - n - - smtpd",
            "pickup unix n - n 60 1 pickup",
            "cleanup unix n - n - 0 cleanup",
            "qmgr unix n - n 300 1 qmgr",
            "tlsmgr unix - - n 1000? 1 tlsmgr",
            "rewrite unix - - n - - trivial-rewrite",
            "bounce unix - - n - 0 bounce",
            "defer unix - - n - 0 bounce",
            "trace unix - - n - 0 bounce",
            "flush unix n - n 1000? 0 flush",
            "proxymap unix - - n - - proxymap",
            "retry unix - - n - - error",
            "error unix - - n - - error",
            "discard unix - - n - - discard",
            "local unix - n n - - local",
            "virtual unix - n n - - virtual",
            "smtp unix - - n - - smtp",
            "anvil unix - - n - 1 anvil",
            "showq unix n - n - - showq",
            "postlog unix-dgram n - n - 1 postlogd",
        ]
        (self.conf / "master.cf").write_text("\n".join(services) + "\n",
                                             "ascii")
        subprocess.run(["postmap", "-c", str(self.conf),
                        f"hash:{self.conf}/mailboxes"], check=True)

    def start(self):
        """Runs its master in the foreground below us."""
        self._spawn(["postfix", "-c", str(self.conf), "start-fg"])
        self._wait_up()

    def stop(self):
        # the child is the start script; the master below it takes SIGTERM
        with contextlib.suppress(OSError, ValueError):
            pid = int((self.dir / "queue/pid/master.pid").read_text())
            if pid in self.group.pids():
                os.kill(pid, signal.SIGTERM)
        super().stop()

    def busy(self):
        """Messages that it has and has not delivered."""
        return sum(len(files) for sub in ("incoming", "active", "deferred",
                                          "maildrop")
                   for _, _, files in os.walk(self.dir / "queue" / sub))


HARAKA_PLUGIN = """\
'use strict'
// Mail for one domain into maildirs, on the disk before its 250: a file in
// tmp/, fsync, rename into new/.
const fs = require('node:fs')
const path = require('node:path')
const base = process.env.BENCH_MAIL_DIR
const domain = process.env.BENCH_DOMAIN
let count = 0

exports.hook_rcpt = function (next, connection, params) {
    next(params[0].host === domain ? OK : DENY)
}

function store(stream, box, done) {
    const name = `${Date.now()}.P${process.pid}Q${count++}.bench`
    const tmp = path.join(box, 'tmp', name)
    const file = fs.createWriteStream(tmp, { mode: 0o600, flush: true })
    file.on('error', done)
    file.on('close', () => fs.rename(tmp, path.join(box, 'new', name), done))
    stream.pipe(file, { line_endings: '\\n' })
}

exports.hook_queue = function (next, connection) {
    const txn = connection.transaction
    const box = path.join(base, domain, txn.rcpt_to[0].user)
    store(txn.message_stream, box, (err) => next(err ? DENYSOFT : OK))
}
"""


class Haraka(Peer):
    """Haraka from npm, a process for each core, with a maildir plugin."""

    name = "haraka"
    takes_ahead = False  # "Bad sequence of commands - pipelined after ..."
    version = "3.3.4"

    def __init__(self, run_dir, mailboxes):
        super().__init__(run_dir, mailboxes)
        if not shutil.which("npm"):
            raise PeerError("npm is missing: apt-get install npm nodejs")
        if not (self.dir / "node_modules/Haraka/bin/haraka").exists():
            done = subprocess.run(
                ["npm", "install", "--no-audit", "--no-fund",
                 "--omit=optional", "--ignore-scripts", "--prefix",
                 str(self.dir), f"Haraka@{self.version}"],
                capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise PeerError(f"npm cannot install Haraka: {done.stderr}")
        for box in self.boxes():
            for sub in ("tmp", "new", "cur"):
                (box / sub).mkdir(parents=True, exist_ok=True)
        conf = self.dir / "site/config"
        conf.mkdir(parents=True, exist_ok=True)
        (self.dir / "site/plugins").mkdir(exist_ok=True)
        (self.dir / "site/plugins/bench_maildir.js").write_text(HARAKA_PLUGIN)
        for name, text in (
                ("smtp.ini", f"listen=127.0.0.1:{self.port}\nnodes=cpus\n"),
                ("plugins", "bench_maildir\n"), ("me", f"mx.{DOMAIN}\n"),
                ("loglevel", "WARN\n"), ("host_list", f"{DOMAIN}\n")):
            (conf / name).write_text(text)
        # its own defaults, which it misses in a folder that lacks the file
        shutil.copy(self.dir / "node_modules/Haraka/config/connection.ini",
                    conf)

    def start(self):
        """Runs its cluster below us."""
        env = dict(os.environ, BENCH_MAIL_DIR=str(self.mail_dir),
                   BENCH_DOMAIN=DOMAIN)
        self._spawn(["node", str(self.dir / "node_modules/Haraka/bin/haraka"),
                     "-c", str(self.dir / "site")], env=env, cwd=self.dir)
        self._wait_up()


class Penstock(Peer):
    """Ours, as configured by tests/engine.py."""

    name = "penstock"
    accept_threads = staticmethod(
        lambda name: not name.startswith(("deliver", "virtual")))

    def __init__(self, run_dir, mailboxes, main_cf=None):
        super().__init__(run_dir, mailboxes)
        self.engine = engine.Engine(
            run_dir=self.dir, mailboxes=mailboxes, domain=DOMAIN,
            main_cf=main_cf,
            services={"smtp": engine.Service(self.port)})

    def start(self):
        """Starts it and waits for its greeting."""
        self._spawn(self.engine.command("run"), cwd=self.dir)
        self._wait_up()

    def status(self):
        """`penstock status --json`, parsed; None when it does not answer."""
        import json
        done = self.engine.verb("status", "--json")
        return json.loads(done.stdout) if done.returncode == 0 else None
