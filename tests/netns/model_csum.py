# SPDX-License-Identifier: GPL-2.0-only
"""The model's checksums by difference: what was wrong before stays wrong by as much."""

from packet import DCCP, TCP, UDP, UDPLITE, Packet, checksum, ones_sum, u16

CHECKSUM_AT = {TCP: 16, UDP: 6, DCCP: 6, UDPLITE: 6}


def changed(value, minus, plus):
    """A checksum after some octets that it covers have changed."""
    total = (0xffff - value - ones_sum(minus) + ones_sum(plus)) % 0xffff
    return 0xffff - (total or 0xffff)


def readdress(proto, offset, body, old, new):
    """A transport header, or a piece of it, under other addresses."""
    at = CHECKSUM_AT.get(proto)
    if at is None or at < offset or at - offset + 2 > len(body):
        return body
    at -= offset
    value = int.from_bytes(body[at:at + 2], "big")
    if proto in (UDP, UDPLITE) and value == 0:
        return body  # there is none
    value = changed(value, old, new)
    if proto in (UDP, UDPLITE) and value == 0:
        value = 0xffff
    return body[:at] + u16(value) + body[at + 2:]


def echo(body, kind, minus, plus):
    """An echo message under another type, with or without the pseudo-header."""
    if len(body) < 4:
        return bytes([kind]) + body[1:]
    value = changed(int.from_bytes(body[2:4], "big"), body[:2] + minus,
                    bytes([kind, body[1]]) + plus)
    # All zeros would not verify; where there is data both verify (RFC 1624 3).
    if not plus and not value and not kind and body[4:8] == bytes(4):
        value = 0xffff
    return bytes([kind, body[1]]) + u16(value) + body[4:]


def with_error_kept(before, before_pseudo, after, after_pseudo):
    """The new message with its right checksum, or as wrong a one as the old message had."""
    old = int.from_bytes(before[2:4], "big")
    right = checksum(before_pseudo, before[:2] + b"\0\0" + before[4:])
    value = checksum(after_pseudo, after)
    if (old - right) % 0xffff:
        value = (value + old - right) % 0xffff
    filled = Packet(after[:2] + u16(value) + after[4:])
    filled.any_id = getattr(after, "any_id", ())
    return filled
