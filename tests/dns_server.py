#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""dns_server.py: a DNS server for tests, on loopback, UDP and TCP, over a table.

	with DnsServer(ZONE) as dns:
		Engine(main_cf={"penstock_dns_servers": dns.address, ...})

	tests/dns_server.py FILE [--host ADDRESS] [--port N]      the same alone

A table has a record a line, "#" begins a comment:

	mail.example.com        A       300  192.0.2.1
	example.com             MX      300  10 mail.example.com
	_dmarc.example.com      TXT     300  v=DMARC1 | two strings
	1.2.0.192.in-addr.arpa  PTR     300  mail.example.com
	*.rbl.example           A       60   127.0.0.2

What the table does not have is NXDOMAIN, with an SOA that lets it be kept for 60
seconds; a name that has other types only is NODATA. CNAMEs are followed. "*."
stands for any labels, "*" for every name. In a type's place there may be a
trick; it applies to every type of that name:

	!servfail  !refused  !formerr  !notimp  !nxdomain  !nodata
	!timeout                  no answer at all
	!slow MS                  the answer, so much later
	!truncated                by UDP nothing but the bit for "ask by TCP"
	!tcp-dead                 the same, and by TCP nothing
	!malformed                the answer cut in its middle
	!garbage                  bytes
	!empty                    a message of no bytes
	!wrong-id                 a lie with another id first, then the answer
	!wrong-name               an answer about another name
	!cname-only               of CNAMEs the first only, without its target
	!huge N                   N A records: needs TCP

Members for tests: .queries, a list of (name, type) as they came; .hold(): reads
nothing until .release().
"""

import argparse
import ipaddress
import pathlib
import random
import socket
import struct
import sys
import threading
import time

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15,
         "TXT": 16, "AAAA": 28, "OPT": 41, "ANY": 255}
TYPE_NAMES = {code: name for name, code in TYPES.items()}
RCODES = {"!formerr": 1, "!servfail": 2, "!nxdomain": 3, "!notimp": 4,
          "!refused": 5}
TRICKS = set(RCODES) | {
    "!nodata", "!timeout", "!slow", "!truncated", "!tcp-dead", "!malformed",
    "!garbage", "!empty", "!wrong-id", "!wrong-name", "!cname-only", "!huge"}


class ZoneError(Exception):
    """A line of a table that cannot be read."""


def encode_name(name):
    """Uncompressed; "." is the root."""
    out = b""
    for label in name.rstrip(".").split("."):
        if label:
            raw = label.encode("latin-1")
            out += bytes([len(raw)]) + raw
    return out + b"\0"


def encode_data(kind, text):
    """A record's data, as zone files have it."""
    if kind == "A":
        return ipaddress.IPv4Address(text).packed
    if kind == "AAAA":
        return ipaddress.IPv6Address(text).packed
    if kind == "MX":
        pref, _, name = text.partition(" ")
        return struct.pack(">H", int(pref)) + encode_name(name.strip())
    if kind == "TXT":
        out = b""
        for part in text.split("|"):
            raw = part.strip().encode("latin-1")
            while True:
                out += bytes([len(raw[:255])]) + raw[:255]
                raw = raw[255:]
                if not raw:
                    break
        return out
    if kind == "SOA":
        return (encode_name("ns.test") + encode_name("root.test")
                + struct.pack(">IIIII", 1, 3600, 600, 86400, int(text)))
    return encode_name(text)


class Zone:
    """The table."""

    def __init__(self, text):
        self.records = {}   # name -> [(type, ttl, data text)]
        self.tricks = {}    # name -> (trick, argument)
        for number, line in enumerate(text.split("\n"), 1):
            words = line.split("#")[0].split(None, 3)
            if not words:
                continue
            try:
                self._add(words)
            except (ValueError, IndexError) as error:
                raise ZoneError(f"line {number}: {line.strip()}: {error}") \
                    from error

    def _add(self, words):
        name = words[0].lower().rstrip(".")
        if words[1].startswith("!"):
            if words[1] not in TRICKS:
                raise ValueError("no such trick")
            self.tricks[name] = (words[1], int(words[2])
                                 if len(words) > 2 else 0)
            return
        kind, ttl, data = words[1].upper(), int(words[2]), words[3].strip()
        encode_data(kind, data)
        self.records.setdefault(name, []).append((kind, ttl, data))

    @staticmethod
    def _find(table, name):
        """The entry for name, or for a "*" above it."""
        if name in table:
            return table[name]
        labels = name.split(".")
        for i in range(1, len(labels)):
            wild = "*." + ".".join(labels[i:])
            if wild in table:
                return table[wild]
        return table.get("*")

    def trick(self, name):
        """(trick, argument) or (None, 0)."""
        return self._find(self.tricks, name) or (None, 0)

    def answer(self, name, kind, is_first_only):
        """(rcode, [(owner, type, ttl, data)])."""
        rows, at = [], name
        for _ in range(16):
            have = self._find(self.records, at)
            if have is None:
                return (0 if self._has_below(at) else 3), rows
            got = [r for r in have if r[0] == kind]
            rows += [(at, *r) for r in got]
            alias = [r for r in have if r[0] == "CNAME"]
            if got or not alias:
                return 0, rows
            rows.append((at, *alias[0]))
            at = alias[0][2].lower().rstrip(".")
            if is_first_only:
                break
        return 0, rows

    def _has_below(self, name):
        """An empty non-terminal exists: RFC 8020."""
        return any(n.endswith("." + name) for n in self.records)


def message(query_id, question, rcode, rows, is_truncated=False, soa=True):
    """An answer's bytes."""
    authority = []
    name, code = question
    if soa and (rcode == 3 or not [r for r in rows
                                   if TYPES[r[1]] == code]):
        authority = [(".", "SOA", 60, "60")]
    out = struct.pack(">HHHHHH", query_id,
                      0x8180 | rcode | (0x200 if is_truncated else 0), 1,
                      len(rows), len(authority), 0)
    out += encode_name(name) + struct.pack(">HH", code, 1)
    for owner, kind, ttl, text in rows + authority:
        data = encode_data(kind, text)
        out += encode_name(owner) + struct.pack(
            ">HHIH", TYPES[kind], 1, ttl, len(data)) + data
    return out


def read_question(data):
    """(id, name as it was written, type code, UDP size) of a query."""
    query_id, _, questions, _, _, extra = struct.unpack(">HHHHHH", data[:12])
    if questions != 1:
        raise ValueError("not one question")
    at, labels = 12, []
    while data[at]:
        labels.append(data[at + 1:at + 1 + data[at]].decode("latin-1"))
        at += 1 + data[at]
    code = struct.unpack(">H", data[at + 1:at + 3])[0]
    at += 5
    size = 512
    if extra and data[at:at + 3] == b"\0\0\x29":
        size = max(512, struct.unpack(">H", data[at + 3:at + 5])[0])
    return query_id, ".".join(labels), code, size


class DnsServer:
    """The server; a context manager."""

    def __init__(self, zone, host="127.0.0.1", port=None):
        self.zone = Zone(zone)
        self.host = host
        self.queries = []
        self.tcp_n = 0
        self._running = threading.Event()
        self._running.set()
        self._is_stopped = False
        self._threads = []
        self._bind(port)

    def _bind(self, port):
        """A port that is free for both."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        for _ in range(200):
            self.port = port or random.SystemRandom().randrange(20000, 32000)
            self.udp = socket.socket(family, socket.SOCK_DGRAM)
            self.tcp = socket.socket(family, socket.SOCK_STREAM)
            self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                self.udp.bind((self.host, self.port))
                self.tcp.bind((self.host, self.port))
                self.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                    4 << 20)
                self.tcp.listen(64)
                return
            except OSError:
                self.udp.close()
                self.tcp.close()
                if port:
                    raise
        raise OSError("no free port")

    @property
    def address(self):
        """As penstock_dns_servers wants it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """Both listeners, each a thread."""
        for target in (self._serve_udp, self._serve_tcp):
            thread = threading.Thread(target=target, daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def stop(self):
        """Ends them."""
        self._is_stopped = True
        self._running.set()
        for sock in (self.udp, self.tcp):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        # Ends a recvfrom() that shutdown() does not.
        with socket.socket(self.udp.family, socket.SOCK_DGRAM) as wake:
            wake.sendto(b"", (self.host, self.port))
        for thread in self._threads:
            thread.join(10)
        self.udp.close()
        self.tcp.close()

    def hold(self):
        """Reads nothing more."""
        self._running.clear()

    def release(self):
        """Goes on."""
        self._running.set()

    def asked(self, name, kind=None):
        """How often."""
        return sum(1 for n, k in list(self.queries)
                   if n == name and kind in (None, k))

    # --- answers ---

    def _answers(self, data, is_tcp):
        """(seconds to wait, [messages]) for one query."""
        query_id, raw, code, size = read_question(data)
        name = raw.lower()
        kind = TYPE_NAMES.get(code, str(code))
        self.queries.append((name, kind))
        trick, number = self.zone.trick(name)
        question = (raw, code)
        if trick in RCODES:
            return 0, [message(query_id, question, RCODES[trick], [])]
        if trick == "!timeout" or (trick == "!tcp-dead" and is_tcp):
            return 0, []
        if trick == "!nodata":
            return 0, [message(query_id, question, 0, [])]
        if trick == "!huge":
            rcode, rows = 0, [
                (name, "A", 60, str(ipaddress.IPv4Address(0xc6120000 + i)))
                for i in range(number)]
        else:
            rcode, rows = self.zone.answer(name, kind, trick == "!cname-only")
        good = message(query_id, question, rcode, rows,
                       soa=trick != "!cname-only")
        if not is_tcp and (trick in ("!truncated", "!tcp-dead")
                           or len(good) > size):
            return 0, [message(query_id, question, rcode, [], True)]
        lie = [(name, "A", 60, "192.0.2.66")]
        special = {
            "!malformed": [good[:12 + (len(good) - 12) // 2]],
            "!garbage": [bytes(random.randbytes(64))],
            "!empty": [b""],
            "!wrong-id": [message(query_id ^ 0x5555, question, 0, lie), good],
            "!wrong-name": [message(query_id, ("wrong." + raw, code), 0,
                                    [("wrong." + raw, "A", 60,
                                      "192.0.2.66")])],
        }
        return (number / 1000 if trick == "!slow" else 0,
                special.get(trick, [good]))

    def _serve_udp(self):
        while True:
            self._running.wait()
            try:
                data, peer = self.udp.recvfrom(65535)
            except OSError:
                return
            if self._is_stopped:
                return
            self._running.wait()
            try:
                wait_s, answers = self._answers(data, False)
            except (ValueError, IndexError, struct.error):
                continue
            if wait_s:
                timer = threading.Timer(wait_s, self._send, (answers, peer))
                timer.daemon = True
                timer.start()
            else:
                self._send(answers, peer)

    def _send(self, answers, peer):
        for one in answers:
            try:
                self.udp.sendto(one, peer)
            except OSError:
                pass

    def _serve_tcp(self):
        while True:
            try:
                sock, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_stream, args=(sock,),
                             daemon=True).start()

    def _serve_stream(self, sock):
        with sock:
            sock.settimeout(60)
            try:
                while True:
                    head = self._exactly(sock, 2)
                    data = self._exactly(sock, struct.unpack(">H", head)[0])
                    self.tcp_n += 1
                    self._running.wait()
                    wait_s, answers = self._answers(data, True)
                    time.sleep(wait_s)
                    for one in answers:
                        sock.sendall(struct.pack(">H", len(one)) + one)
            except (OSError, EOFError, ValueError, IndexError, struct.error):
                pass

    @staticmethod
    def _exactly(sock, count):
        data = b""
        while len(data) < count:
            more = sock.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data


def main():
    """Serves a file's table until it is interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int)
    args = parser.parse_args()
    text = pathlib.Path(args.file).read_text("utf-8")
    with DnsServer(text, args.host, args.port) as server:
        print(server.address, flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
