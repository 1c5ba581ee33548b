# SPDX-License-Identifier: GPL-2.0-only
"""Many reads or writes of a file in one system call, in order: aio(7).

Where a system call is dear, as in User-mode Linux, that is most of what a packet costs.
"""

import ctypes
import platform
import struct

READ, WRITE = 0, 1
MANY, ROOM = 128, 70000
CALLS = {"x86_64": (206, 207, 208, 209)}.get(platform.machine())

_libc = ctypes.CDLL(None, use_errno=True)
_request = struct.Struct("<QIIHhIQQqQII")
_answer = struct.Struct("<QQqq")


def _call(which, *arguments):
    done = _libc.syscall(CALLS[which], *arguments)
    if done < 0:
        raise OSError(ctypes.get_errno(), "aio")
    return done


class Requests:
    """Room for many packets, and what the kernel is asked to do with them."""

    def __init__(self):
        self.context = ctypes.c_ulong()
        _call(0, MANY, ctypes.byref(self.context))
        self.buffer = bytearray(MANY * ROOM)
        self.requests, self.answers = bytearray(MANY * _request.size), bytearray(MANY * _answer.size)
        self.base, requests, self.at = (ctypes.addressof(ctypes.c_char.from_buffer(one)) for one in
                                        (self.buffer, self.requests, self.answers))
        self.pointers = (ctypes.c_void_p * MANY)(*range(requests, requests + MANY * _request.size,
                                                        _request.size))

    def close(self):
        _call(1, self.context)

    def _ask(self, number, kind, fd, length):
        _request.pack_into(self.requests, number * _request.size, number, 0, 0, kind, 0, fd,
                           self.base + number * ROOM, length, 0, 0, 0, 0)

    def _results(self, count):
        """By request: octets, or a negative error."""
        asked = _call(3, self.context, count, self.pointers)
        assert asked == count and _call(2, self.context, count, count, ctypes.c_void_p(self.at), None) == count
        results = [0] * count
        for number in range(count):
            which, _, result, _ = _answer.unpack_from(self.answers, number * _answer.size)
            results[which] = result
        return results

    def write(self, frames):
        """Of pairs of a file and octets, whether the kernel has taken each; not more than MANY."""
        for number, (fd, frame) in enumerate(frames):
            at = number * ROOM
            self.buffer[at:at + len(frame)] = frame
            self._ask(number, WRITE, fd, len(frame))
        return [result > 0 for result in self._results(len(frames))]

    def read(self, fd):
        """All that is there, as views of memory that the next request overwrites; at most MANY."""
        for number in range(MANY):
            self._ask(number, READ, fd, ROOM)
        view = memoryview(self.buffer)
        return [view[number * ROOM:number * ROOM + length]
                for number, length in enumerate(self._results(MANY)) if length > 0]


def requests():
    """None where this machine's numbers are not known, or its kernel has none of it."""
    try:
        return Requests() if CALLS else None
    except OSError:
        return None
