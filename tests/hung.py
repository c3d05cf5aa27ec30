# SPDX-License-Identifier: BSD-2-Clause
"""hung.py: a server that says hello, and then nothing, whatever it is asked."""

import contextlib
import os
import socket
import threading

# As Dovecot's auth service greets.
DOVECOT_HELLO = (b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\n"
                 b"COOKIE\t00\nDONE\n")


class Hung:
    """Listens on a path, or without one on a port of loopback. conns: who is
    connected; asked: the bytes that all of them have sent."""

    def __init__(self, path=None, hello=b""):
        if path is None:
            self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
            self.port = self.listener.getsockname()[1]
        else:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(str(path))
            os.chmod(path, 0o666)
            self.listener.listen(256)
        self.hello, self.asked, self.conns = hello, b"", []
        self.lock = threading.Lock()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        """Keeps every connection."""
        with contextlib.suppress(OSError):
            while True:
                conn, _ = self.listener.accept()
                conn.sendall(self.hello)
                self.conns.append(conn)
                threading.Thread(target=self.listen_to, args=(conn,),
                                 daemon=True).start()

    def listen_to(self, conn):
        """Never answers."""
        with contextlib.suppress(OSError):
            while more := conn.recv(65536):
                with self.lock:
                    self.asked += more

    def count(self, what):
        """How often it was asked something that has these bytes."""
        with self.lock:
            return self.asked.count(what)

    def drop(self):
        """Ends every connection; new ones are taken."""
        conns, self.conns = self.conns, []
        for conn in conns:
            with contextlib.suppress(OSError):
                conn.shutdown(socket.SHUT_RDWR)
