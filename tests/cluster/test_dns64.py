# SPDX-License-Identifier: GPL-2.0-only
"""DNS64 by unbound: an IPv6-only client reaches a name that has an IPv4 address only."""

import cluster
import util


def test_a_name_with_an_a_record_only(lab):
    with lab.serving("server4"):
        lab.lab("dns")
        found = util.eventually(lambda: lab.on("client6", "getent", "ahosts", "www.example",
                                               check=False).stdout, "the name is found", pause=0.5)
        assert found.split()[0] == cluster.embedded("198.51.100.80")
        done = lab.on("client6", cluster.TRAFFIC, "send", "www.example", "--octets", 100000,
                      "--probes", 0)
    assert not cluster.Report(done.stdout.splitlines()).broken
