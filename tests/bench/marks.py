# SPDX-License-Identifier: GPL-2.0-only
"""Tells QEMU's plugins what is measured, as mark.h does."""

import ctypes
import mmap

# Of mark.h; Python's mmap does not know where it maps.
MARK, MAP_FIXED = 0x6d61726000, 0x10


def mark():
    """Before and after what counts."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = ctypes.c_void_p, ctypes.c_size_t, *4 * [ctypes.c_int]
    page = libc.mmap(MARK, 1, mmap.PROT_WRITE | mmap.PROT_EXEC,
                     mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_FIXED, -1, 0)
    if page != MARK:
        raise OSError(ctypes.get_errno(), "mmap")
    ctypes.memmove(page, b"\xc3", 1)
    ctypes.CFUNCTYPE(None)(page)()
