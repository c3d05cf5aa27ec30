# SPDX-License-Identifier: BSD-2-Clause
"""nameserver.py: a DNS server of the tests' own, out of a table.

	zone = {"a.example": {"A": ["192.0.2.1"], "MX": [(10, "mx.example")]},
	        "later.example": "SERVFAIL", "never.example": "DROP"}
	with NameServer(zone, port=53): ...

Names without an entry do not exist; a name with one, but not of the type that
is asked for, has no such record. UDP and TCP.
"""

import socket
import socketserver
import struct
import threading

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16,
         "AAAA": 28}
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3


def pack_name(name):
    """Wire form."""
    out = b""
    for label in name.rstrip(".").split("."):
        if label:
            out += bytes([len(label)]) + label.encode("latin-1")
    return out + b"\0"


def pack_record(kind, value):
    """One record's data."""
    if kind == "A":
        return socket.inet_aton(value)
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, value)
    if kind == "MX":
        return struct.pack(">H", value[0]) + pack_name(value[1])
    if kind == "TXT":
        data = value.encode("latin-1")
        return b"".join(bytes([len(data[i:i + 255])]) + data[i:i + 255]
                        for i in range(0, max(len(data), 1), 255))
    return pack_name(value)


class NameServer:
    """Serves zone on 127.0.0.1 until the end of the with statement."""

    def __init__(self, zone, port, host="127.0.0.1"):
        self.zone = {name.lower(): rows for name, rows in zone.items()}
        outer = self

        class Udp(socketserver.BaseRequestHandler):
            """A datagram."""

            def handle(self):
                data, sock = self.request
                reply = outer.reply(data)
                if reply is not None:
                    sock.sendto(reply, self.client_address)

        class Tcp(socketserver.StreamRequestHandler):
            """Messages with their lengths before them."""

            def handle(self):
                while True:
                    head = self.rfile.read(2)
                    if len(head) < 2:
                        return
                    data = self.rfile.read(struct.unpack(">H", head)[0])
                    reply = outer.reply(data)
                    if reply is None:
                        return
                    self.wfile.write(struct.pack(">H", len(reply)) + reply)

        class TcpServer(socketserver.ThreadingTCPServer):
            """A thread per connection."""
            allow_reuse_address = True
            daemon_threads = True

        self.servers = [socketserver.UDPServer((host, port), Udp),
                        TcpServer((host, port), Tcp)]
        self.threads = [threading.Thread(target=server.serve_forever,
                                         kwargs={"poll_interval": 0.05})
                        for server in self.servers]

    def find(self, name, kind):
        """(rcode, records), or None: no answer at all."""
        rows = self.zone.get(name.lower())
        if rows is None:
            return NXDOMAIN, []
        if rows == "SERVFAIL":
            return SERVFAIL, []
        if rows == "DROP":
            return None
        values = rows.get(kind, [])
        if values == "SERVFAIL":
            return SERVFAIL, []
        if not values and "CNAME" in rows:
            target = rows["CNAME"][0]
            rest = self.find(target, kind)
            if rest is None:
                return None
            return rest[0], [(name, "CNAME", target)] + rest[1]
        return NOERROR, [(name, kind, value) for value in values]

    def reply(self, data):
        """To one message."""
        if len(data) < 17:
            return None
        at, labels = 12, []
        while data[at]:
            labels.append(data[at + 1:at + 1 + data[at]].decode("latin-1"))
            at += 1 + data[at]
        name = ".".join(labels)
        number = struct.unpack(">H", data[at + 1:at + 3])[0]
        question = data[12:at + 5]
        kind = next((k for k, n in TYPES.items() if n == number), "")
        found = self.find(name, kind)
        if found is None:
            return None
        rcode, records = found
        out = data[:2] + struct.pack(">HHHHH", 0x8580 | rcode, 1, len(records),
                                     0, 0) + question
        for owner, which, value in records:
            rdata = pack_record(which, value)
            out += pack_name(owner) + struct.pack(
                ">HHIH", TYPES[which], 1, 300, len(rdata)) + rdata
        return out

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.shutdown()
            server.server_close()
        for thread in self.threads:
            thread.join()
