# SPDX-License-Identifier: BSD-2-Clause
"""engine.py: starts a Penstock of the test's own and stops it again.

Everything lives in one run folder: etc/ (main.cf, master.cf, tables), queue/,
mail/ (maildirs), log and stderr. Ports are free ones of 127.0.0.1. Started as
root, the folder belongs to a plain uid (2525) that the engine then becomes;
started as anybody else, everything is the caller's own.

	with Engine(mailboxes=10, main_cf={"smtpd_hard_error_limit": "3"}) as e:
		e.start()
		smtplib.SMTP("127.0.0.1", e.port()).sendmail(...)
		e.wait_mail("user0@example.test", 1)
"""

import contextlib
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
OWNER_UID = 2525
OWNER_GID = 2525


class EngineError(Exception):
    """The engine did not do what every test takes for granted."""


def build_dir():
    """Where the binaries are: $PENSTOCK_BUILD, or build/ in the tree."""
    return pathlib.Path(os.environ.get("PENSTOCK_BUILD") or ROOT / "build")


def binary(name):
    """Path of a built program, or EngineError."""
    path = build_dir() / name
    if not path.is_file():
        raise EngineError(f"{path} is missing: run ./dev build, or set "
                          "PENSTOCK_BUILD to the build folder")
    return path


def free_port(host="127.0.0.1", count=1):
    """A port that nobody has, under the range that clients' own come from;
    with count, the first of so many."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for _ in range(200):
        port = random.SystemRandom().randrange(20000, 32000)
        with contextlib.suppress(OSError):
            for one in range(port, port + count):
                with socket.socket(family, socket.SOCK_STREAM) as sock:
                    sock.bind((host, one))
            return port
    raise EngineError(f"no free port on {host} between 20000 and 32000")


def wait_until(condition, seconds, what):
    """Polls until condition() is true and gives its value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise EngineError(f"{what}: not within {seconds} s")
        time.sleep(0.01)


def greeting(host, port, timeout=1.0):
    """The first line that a server sends, or "" when it does not."""
    try:
        with socket.create_connection((host, port), timeout=timeout) as sock:
            data = b""
            while not data.endswith(b"\n"):
                more = sock.recv(1024)
                if not more:
                    break
                data += more
            return data.decode("latin-1")
    except OSError:
        return ""


def make_certificate(cert, key, name, kind="ec"):
    """A self-signed certificate and its key, in PEM files."""
    how = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" \
        else ["rsa:2048"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", *how, "-nodes", "-days", "365",
         "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
         "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True)


class Service:
    """One inet service of master.cf."""

    def __init__(self, port=None, host="127.0.0.1", options=None):
        self.host = host
        self.port = port or free_port(host)
        self.options = dict(options or {})

    def greets(self):
        """False when a client has to speak first."""
        return not (self.options.get("smtpd_upstream_proxy_protocol")
                    or self.options.get("smtpd_tls_wrappermode") == "yes")

    def line(self):
        """As it stands in master.cf."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        text = f"{host}:{self.port} inet n - n - - smtpd\n"
        for name, value in self.options.items():
            text += f"  -o {{ {name} = {value} }}\n"
        return text


class Engine:
    """A Penstock with a configuration and a run folder of its own.

    main_cf:    parameters added to (or, with None, taken out of) the defaults
    services:   name -> Service; default: one, "smtp"
    mailboxes:  a number (user0@domain, user1@domain, ...), a list of
                addresses, or a dict address -> path under mail/
    run_dir:    kept afterwards when given; else a temporary one, removed by
                close() unless keep is set or PENSTOCK_KEEP is in the
                environment
    """

    def __init__(self, run_dir=None, main_cf=None, services=None, mailboxes=10,
                 domain="example.test", penstock=None, keep=False, env=None):
        self.penstock = penstock
        self.domain = domain
        self.services = dict(services or {"smtp": Service()})
        self.env = dict(os.environ, **(env or {}))
        self.is_temporary = run_dir is None and not keep \
            and "PENSTOCK_KEEP" not in os.environ
        if run_dir is None:
            self.run_dir = pathlib.Path(tempfile.mkdtemp(prefix="penstock-"))
        else:
            self.run_dir = pathlib.Path(run_dir).absolute()
            self.run_dir.mkdir(parents=True, exist_ok=True)
        self.run_dir.chmod(0o755)
        self.config_dir = self.run_dir / "etc"
        self.queue_dir = self.run_dir / "queue"
        self.mail_dir = self.run_dir / "mail"
        self.log_file = self.run_dir / "log"
        self.stderr_file = self.run_dir / "stderr"
        self.is_root = os.geteuid() == 0
        self.uid = OWNER_UID if self.is_root else os.geteuid()
        self.gid = OWNER_GID if self.is_root else os.getegid()
        self.process = None
        self.main_cf = self._defaults()
        self.mailboxes = self._mailboxes(mailboxes)
        for name, value in (main_cf or {}).items():
            if value is None:
                self.main_cf.pop(name, None)
            else:
                self.main_cf[name] = str(value)
        self.write_config()

    def _defaults(self):
        return {
            "compatibility_level": "3.6",
            "myhostname": f"mx.{self.domain}",
            "mydomain": self.domain,
            "mydestination": "",
            "mynetworks": "192.0.2.0/32",
            "smtpd_client_connection_count_limit": "0",
            "inet_interfaces": "loopback-only",
            # Else names of clients are what this machine makes of them.
            "smtpd_peername_lookup": "no",
            "penstock_queue_directory": str(self.queue_dir),
            "penstock_control_socket": str(self.queue_dir) + ".control",
            "maillog_file": str(self.log_file),
            "virtual_mailbox_domains": self.domain,
            "virtual_mailbox_base": str(self.mail_dir),
            "virtual_mailbox_maps": f"hash:{self.config_dir}/mailboxes",
            "virtual_uid_maps": f"static:{self.uid}",
            "virtual_gid_maps": f"static:{self.gid}",
            "virtual_minimum_uid": "100" if self.is_root else "0",
        }

    def _mailboxes(self, mailboxes):
        if isinstance(mailboxes, int):
            mailboxes = [f"user{i}@{self.domain}" for i in range(mailboxes)]
        if isinstance(mailboxes, dict):
            return dict(mailboxes)
        out = {}
        for address in mailboxes:
            user, _, domain = address.rpartition("@")
            out[address] = f"{domain}/{user}/"
        return out

    # --- configuration ---

    def write_config(self):
        """Writes etc/ as the members say; after a change of any of them."""
        for path in (self.config_dir, self.queue_dir, self.mail_dir):
            path.mkdir(parents=True, exist_ok=True)
        self.write_file("mailboxes", "".join(
            f"{address}\t{path}\n" for address, path in self.mailboxes.items()))
        self.write_file("main.cf", "".join(
            f"{name} = {value}\n" for name, value in self.main_cf.items()))
        self.write_file("master.cf", "".join(
            service.line() for service in self.services.values()))
        for path in (self.run_dir, self.queue_dir, self.mail_dir):
            self.own(path)

    def write_file(self, name, text):
        """A file in etc/. Gives its path."""
        path = self.config_dir / name
        path.write_text(text, encoding="utf-8")
        return path

    def own(self, path):
        """Makes path the engine's, when that is not who we are."""
        if self.is_root:
            os.chown(path, self.uid, self.gid)

    def port(self, service="smtp"):
        """Port of a service."""
        return self.services[service].port

    def host(self, service="smtp"):
        """Address of a service."""
        return self.services[service].host

    # --- life ---

    def command(self, *verb):
        """argv of a verb on this configuration, such as "status", "--json"."""
        program = self.penstock or binary("penstock")
        return [str(program), verb[0], "-c", str(self.config_dir), *verb[1:]]

    def start(self, wait_s=30, wait=True):
        """Starts it and waits until every service answers. Gives self."""
        if self.process is not None:
            raise EngineError("started twice")
        with open(self.stderr_file, "ab") as stderr:
            self.process = subprocess.Popen(
                self.command("run"), stdin=subprocess.DEVNULL, stdout=stderr,
                stderr=stderr, env=self.env, cwd=self.run_dir)
        if wait:
            self.wait_listening(wait_s)
        return self

    def wait_listening(self, seconds=30):
        """Until each service greets (or, where the client speaks first, is
        bound); EngineError with what it said when it ends before that."""
        def is_up(service):
            if self.process.poll() is not None:
                code, self.process = self.process.returncode, None
                raise EngineError(f"ended with {code} at its start:\n"
                                  f"{self.stderr()}{self.log()}")
            if service.greets():
                return greeting(service.host, service.port).startswith("220")
            with contextlib.suppress(OSError), \
                    socket.create_connection((service.host, service.port), 1):
                return True
            return False

        for name, service in self.services.items():
            wait_until(lambda s=service: is_up(s), seconds,
                       f"service {name} on {service.host}:{service.port}")

    def is_running(self):
        """True until it has ended."""
        return self.process is not None and self.process.poll() is None

    def wait_end(self, seconds=60):
        """Waits for its own end. Gives the exit code, -N for a signal."""
        if self.process is None:
            raise EngineError("not started")
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise EngineError(f"does not end within {seconds} s:\n"
                              f"{self.stderr()}{self.log()}") from None
        self.process = None
        return code

    def stop(self, seconds=60):
        """SIGTERM; gives the exit code. A hang is killed and an error."""
        if self.process is None:
            return None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.wait_end(seconds)
        except EngineError:
            self.kill()
            raise

    def kill(self):
        """SIGKILL: what a power cut leaves in memory, nothing. Gives -9."""
        if self.process is None:
            return None
        self.process.kill()
        return self.wait_end(60)

    def reload(self):
        """SIGHUP: read the configuration anew."""
        self.process.send_signal(signal.SIGHUP)

    def verb(self, *args, timeout=60):
        """Runs another verb to its end; gives its CompletedProcess (text)."""
        return subprocess.run(self.command(*args), capture_output=True,
                              text=True, timeout=timeout, env=self.env,
                              cwd=self.run_dir, check=False)

    def close(self):
        """Stops what runs and removes a temporary folder."""
        try:
            self.stop()
        finally:
            if self.is_temporary:
                shutil.rmtree(self.run_dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None and self.is_temporary:
            self.is_temporary = False
            print(f"kept for a look: {self.run_dir}")
        try:
            self.close()
        except EngineError:
            if kind is None:
                raise

    # --- what it did ---

    def log(self):
        """What it logged so far."""
        with contextlib.suppress(FileNotFoundError):
            return self.log_file.read_text("utf-8", "replace")
        return ""

    def stderr(self):
        """What it said before or beside its log."""
        with contextlib.suppress(FileNotFoundError):
            return self.stderr_file.read_text("utf-8", "replace")
        return ""

    def maildir(self, address):
        """Folder of a mailbox, whether it exists or not."""
        return self.mail_dir / self.mailboxes[address]

    def mail(self, address):
        """Paths of the delivered messages of a mailbox, by name."""
        box = self.maildir(address)
        return sorted(path for sub in ("new", "cur") if (box / sub).is_dir()
                      for path in (box / sub).iterdir())

    def wait_mail(self, address, number, seconds=30):
        """Waits for at least `number` messages. Gives their paths."""
        return wait_until(
            lambda: (lambda m: m if len(m) >= number else None)(
                self.mail(address)),
            seconds, f"{number} messages for {address}, has "
                     f"{len(self.mail(address))}")

    def wait_log(self, text, seconds=30):
        """Waits until the log has text."""
        wait_until(lambda: text in self.log(), seconds, f"log line {text!r}")
