# SPDX-License-Identifier: BSD-2-Clause
"""letter.py: a client that hands over one large letter, and what came of it."""

import hashlib
import os
import socket
import threading
import time

import engine

LINE = (os.urandom(36).hex() + "\r\n").encode()


class Client:
    """As much of SMTP as a large letter needs."""

    def __init__(self, host, seconds=60):
        self.sock = socket.create_connection((host, 25), seconds)
        self.replies = self.sock.makefile("rb")
        self.expect(b"220")

    def expect(self, code):
        """The next reply, all its lines."""
        text = b""
        while True:
            line = self.replies.readline()
            if not line.startswith(code):
                raise engine.EngineError(f"{line!r} for {code!r}")
            text += line
            if line[3:4] != b"-":
                return text

    def say(self, command, code):
        """A command and its reply."""
        self.sock.sendall(command.encode() + b"\r\n")
        return self.expect(code)

    def begin(self, recipient):
        """Up to where the text goes."""
        self.say("EHLO client.example.test", b"250")
        self.say("MAIL FROM:<sender@example.test>", b"250")
        self.say(f"RCPT TO:<{recipient}>", b"250")
        self.say("DATA", b"354")
        self.sock.sendall(b"Subject: large\r\n\r\n")

    def pipeline(self, command, number, code):
        """So many of a command, without waiting; all the replies."""
        def send():
            self.sock.sendall((command + "\r\n").encode() * number)

        thread = threading.Thread(target=send)
        thread.start()
        try:
            return [self.expect(code) for _ in range(number)]
        finally:
            thread.join()

    def close(self):
        """In order."""
        self.say("QUIT", b"221")
        self.replies.close()
        self.sock.close()


def check(server, host, box, megabytes, seconds=60):
    """One DATA, byte for byte, which does not stay; megabytes a second, from
    its first byte to the reply."""
    had = set(server.mail(box))
    client = Client(host, seconds)
    client.begin(box)
    piece, digest = LINE * 1000, hashlib.sha256()
    start = time.monotonic()
    sent = 0
    while sent < megabytes * 1000000:
        client.sock.sendall(piece)
        digest.update(piece.replace(b"\r\n", b"\n"))
        sent += len(piece)
    client.sock.sendall(b".\r\n")
    client.expect(b"250")
    rate = sent / 1e6 / (time.monotonic() - start)
    client.close()
    new = engine.wait_until(lambda: set(server.mail(box)) - had, 240,
                            "the large letter")
    path = new.pop()
    stored = hashlib.sha256()
    with open(path, "rb") as mail:
        while mail.readline() != b"\n":
            pass
        while piece := mail.read(1 << 20):
            stored.update(piece)
    if stored.digest() != digest.digest():
        raise engine.EngineError(f"{path} is not what was sent")
    path.unlink()
    return rate
