# SPDX-License-Identifier: GPL-2.0-only
"""ICMP errors with which the gateway answers a packet, quoting it as it was sent."""

from addresses import GATEWAY4, GATEWAY6
from frame import Frame
from packet import ANY, icmp4, icmp6, ip4, ip6, version


def quoted(sent):
    """The packet in what was sent, a frame or a packet."""
    return sent.packet if isinstance(sent, Frame) else sent


def answer6(sent, type, code, rest=0, source=GATEWAY6):
    sent = quoted(sent)
    return ip6(source, sent[8:24], icmp6(type, code, rest, sent[:1232]))


def answer4(sent, type, code, rest=0, source=GATEWAY4):
    sent = quoted(sent)
    return ip4(source, sent[12:16], icmp4(type, code, rest, sent[:548]), id=ANY,
               tos=0xc0 | sent[1] & 0x1e)


def answer(sent, type6, code6, type4, code4):
    return (answer6(sent, type6, code6) if version(quoted(sent)) == 6 else
            answer4(sent, type4, code4))


def prohibited(sent):
    """What a packet gets that is refused for no reason with an error of its own."""
    return answer(sent, 1, 1, 3, 13)


def time_exceeded(sent):
    return answer(sent, 3, 0, 11, 0)


def packet_too_big(sent, mtu):
    return answer6(sent, 2, 0, mtu)


def fragmentation_needed(sent, mtu):
    return answer4(sent, 3, 4, mtu)


def parameter_problem(sent, pointer):
    return answer6(sent, 4, 0, pointer)


def source_route_failed(sent):
    return answer4(sent, 3, 5)
