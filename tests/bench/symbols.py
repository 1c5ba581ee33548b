# SPDX-License-Identifier: GPL-2.0-only
"""Which function an address is of."""

import bisect


class Symbols:
    """The functions of the kernel and of its modules, as /proc/kallsyms has them."""

    def __init__(self, path):
        functions = []
        with open(path) as file:
            for line in file:
                address, kind, name = line.rstrip().split(" ", 2)
                if kind in "tTwW":
                    functions.append((int(address, 16), name.replace("\t", " ")))
        functions.sort()
        self.addresses, self.names = zip(*functions)

    def find(self, address):
        if address < self.addresses[0]:
            return "the sender itself"
        return self.names[bisect.bisect_right(self.addresses, address) - 1]

    def address(self, name):
        return self.addresses[self.names.index(name)]
