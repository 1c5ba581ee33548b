# SPDX-License-Identifier: GPL-2.0-only
"""Generic netlink in octets, for what no client would send; names from uapi/nat64.yaml."""

import contextlib
import os
import socket
import struct
import sys
from collections import Counter
from ipaddress import ip_address
from pathlib import Path

import yaml

SPEC = yaml.safe_load((Path(__file__).resolve().parents[2] / "uapi/nat64.yaml").read_text())
OPS = {op["name"]: number for number, op in
       enumerate((op for op in SPEC["operations"]["list"] if "event" not in op), 1)}
SETS = {s["name"]: s["attributes"] for s in SPEC["attribute-sets"]}
NUMBERS = {name: {attribute["name"]: number for number, attribute in enumerate(attributes, 1)}
           for name, attributes in SETS.items()}

REQUEST, MULTI, ACK, ROOT, MATCH = 1, 2, 4, 0x100, 0x200
DUMP_INTR = 0x10
SNDBUFFORCE, RCVBUFFORCE = 32, 33
DUMP = ROOT | MATCH
REPLACE, EXCL, CREATE, ECHO = 0x100, 0x200, 0x400, 8
ERROR, DONE, CONTROL = 2, 3, 16
NESTED, FLAGS = 0x8000, 0xc000
NOBODY = 65534

HEADER = struct.Struct("=IHHII")
GENERIC = struct.Struct("=BBH")


def attribute(kind, payload=b""):
    """One attribute; a list of octets is a nest."""
    if isinstance(payload, list):
        kind, payload = kind | NESTED, b"".join(payload)
    pad = -len(payload) % 4
    return struct.pack("=HH", len(payload) + 4, kind) + payload + b"\0" * pad


def build(kinds, /, **values):
    """Attributes by name: numbers, addresses as text, True for a flag, a dict for a nest, octets
    as they are; a list for several."""
    specified = {a["name"]: a for a in SETS[kinds]}
    octets = b""
    for name, value in values.items():
        name = name.replace("_", "-")
        for one in value if isinstance(value, list) else [value]:
            octets += attribute(NUMBERS[kinds][name], payload(specified[name], one))
    return octets


def payload(specified, value):
    if isinstance(value, dict):
        return [build(specified["nested-attributes"], **value)]
    if isinstance(value, str):
        return ip_address(value).packed
    if value is True:
        return b""
    if isinstance(value, int):
        return value.to_bytes(int(specified["type"][1:]) // 8, sys.byteorder)
    return value


def attributes(octets):
    """The attributes of a message or a nest that has been accepted: kinds and payloads."""
    at = 0
    while at < len(octets):
        size, kind = struct.unpack_from("=HH", octets, at)
        yield kind & ~FLAGS, octets[at + 4:at + size]
        at += (size + 3) & ~3


def named(octets, name):
    """The last attribute of each name, as the kernel reads them."""
    names = {number: word for word, number in NUMBERS[name].items()}
    return {names[kind]: payload for kind, payload in attributes(octets)}


class Refused(Exception):
    """With the number of the error, its text, and the offset of the attribute at fault."""

    def __init__(self, error, text, offset):
        super().__init__(f"{os.strerror(error)}: {text}")
        self.error, self.text, self.offset = error, text, offset


class Message:
    """One that came from the kernel."""

    def __init__(self, octets):
        self.size, self.type, self.flags, self.seq, self.port = HEADER.unpack_from(octets)
        self.payload = octets[HEADER.size:self.size]

    @property
    def is_last(self):
        return self.type in (ERROR, DONE)

    @property
    def error(self):
        return -struct.unpack_from("=i", self.payload)[0] if self.is_last else None

    @property
    def attributes(self):
        """The octets behind the generic netlink header."""
        return self.payload[GENERIC.size:]

    def refusal(self):
        offset, words = 4 if self.type == DONE else 20, {}
        if self.flags & 0x200:
            words = dict(attributes(self.payload[offset:]))
        text = words.get(1, b"").rstrip(b"\0").decode()
        offset = struct.unpack("=I", words[2])[0] if 2 in words else None
        return Refused(self.error, text, offset)


class Socket:
    """A socket of this process, in the network namespace that it is in, with so much room for what it reads."""

    def __init__(self, nobody=False, room=1 << 18):
        self.room = room
        if nobody:
            os.seteuid(NOBODY)
        try:
            self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        finally:
            os.seteuid(0)
        self.nobody = nobody
        self.socket.bind((0, 0))
        self.socket.setsockopt(270, 10, 1)
        self.socket.setsockopt(270, 11, 1)
        with contextlib.suppress(PermissionError):  # root of a user namespace may not
            for buffer in (SNDBUFFORCE, RCVBUFFORCE):
                self.socket.setsockopt(socket.SOL_SOCKET, buffer, 1 << 24)
        self.socket.settimeout(20)
        self.seq, self.family = 1000, 16
        answer = self.ask(3, attribute(2, SPEC["name"].encode() + b"\0"))[0]
        words = dict(attributes(answer.attributes))
        self.family, = struct.unpack("=H", words[1])
        self.groups = {named_group[1].rstrip(b"\0").decode(): struct.unpack("=I", named_group[2])[0]
                       for _, group in attributes(words[7])
                       for named_group in [dict(attributes(group))]}

    def close(self):
        self.socket.close()

    def subscribe(self, group):
        self.socket.setsockopt(270, 1, self.groups[group])

    def message(self, command, octets=b"", flags=0, seq=None):
        """A request, with the next number unless another is given."""
        self.seq += seq is None
        body = GENERIC.pack(OPS.get(command, command), 1, 0) + octets
        return HEADER.pack(HEADER.size + len(body), self.family, REQUEST | ACK | flags,
                           seq or self.seq, 0) + body

    def send(self, octets):
        if self.nobody:
            os.seteuid(NOBODY)
        try:
            self.socket.send(octets)
        finally:
            os.seteuid(0)

    def receive(self):
        """The messages that come next."""
        octets = self.socket.recv(self.room)
        while octets:
            message = Message(octets)
            yield message
            octets = octets[(message.size + 3) & ~3:]

    def answers(self, seq):
        """All answers to the request of that number, the one that ends them last."""
        while True:
            for message in self.receive():
                if message.seq == seq:
                    yield message
                    if message.is_last:
                        return

    def ask(self, command, octets=b"", flags=0):
        """Sends a request; returns the answers, without the end, or raises Refused."""
        self.send(self.message(command, octets, flags))
        *answers, last = self.answers(self.seq)
        if last.error:
            raise last.refusal()
        return answers

    def dump(self, command, octets=b""):
        return self.ask(command, octets, DUMP)


def counters(client):
    """The counters of the module by name."""
    stats = (named(octets, "stat") for _, octets in
             attributes(client.ask("stats-get")[0].attributes))
    return Counter({stat["name"].rstrip(b"\0").decode(): int.from_bytes(stat["value"], sys.byteorder)
                    for stat in stats})
