# SPDX-License-Identifier: GPL-2.0-only
"""The model's ICMP errors: pointers, plateaus, what may be quoted, RFC 4884 extensions."""

from model_header import Silently
from packet import Packet

PLATEAUS = (65535, 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68)  # RFC 1191
IPV6_MINIMUM = 1280
IPV4_ERROR_MAXIMUM = 576  # RFC 1812 4.3.2.3

# Figures 3 and 6.
POINTER_4TO6 = {0: 0, 1: 1, 2: 4, 3: 4, 8: 7, 9: 6, **dict.fromkeys(range(12, 16), 8),
                **dict.fromkeys(range(16, 20), 24)}
POINTER_6TO4 = {0: 0, 1: 1, 4: 2, 5: 2, 6: 9, 7: 8, **dict.fromkeys(range(8, 24), 12),
                **dict.fromkeys(range(24, 40), 16)}

# No errors, so that they may be answered by one; of others Linux does not know.
KNOWN_MESSAGES = tuple(bytes([n]) for n in (0, 8, *range(13, 19)))


def check_quoted_message(h, proto, queries, errors):
    """4.3, 5.3: no error in an error, and nothing that cannot be translated."""
    is_message = h.proto == proto and not h.offset
    if len(h.payload) < min(8, h.payload_length) or is_message and h.payload_length < 8:
        raise Silently("icmp_inner_packet")
    if is_message and h.payload[0] not in queries:
        raise Silently("icmp_inner_error" if h.payload[0] in errors else "icmp_inner_packet")


def split_extension(octets, length, header):
    """The quote, and the extension structure of RFC 4884 behind it if there is one."""
    if length < header + 8 or length >= len(octets):
        return octets, b""
    return octets[:length], octets[length:]


def fit(quote, extension, unit, room):
    """Quote and extension cut to what an error may carry, the quote padded for the extension."""
    if not extension:
        return quote[:room], b""
    padded = max(128, -(-len(quote) // unit) * unit)
    if padded + len(extension) > room:
        padded = max(128, (room - len(extension)) // unit * unit)
    quote = Packet.of(quote[:padded], b"\0" * (padded - len(quote[:padded])))
    return quote, extension[:room - padded]
