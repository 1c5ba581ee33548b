# SPDX-License-Identifier: GPL-2.0-only
"""Gateways that should hold the same table: how it is seen when they do not."""

import cluster
import pytest


def digests(lab):
    return {gateway: lab.status(gateway)["digest"] for gateway in (1, 2, 3)}


def test_equal_tables_have_equal_digests(lab):
    assert len(set(digests(lab).values())) == 1
    for gateway in (1, 2, 3):
        assert lab.ctl(gateway, "diff", cluster.CONFIG).stdout == ""


@pytest.mark.parametrize("drift, lines", [
    (("del", "203.0.113.20"), ["+ add 203.0.113.20 2001:db8:cafe::20"]),
    (("add", "203.0.113.30", "2001:db8:cafe::30"), ["- add 203.0.113.30 2001:db8:cafe::30"]),
    (("replace", "203.0.113.20", "2001:db8:cafe::21"),
     ["- add 203.0.113.20 2001:db8:cafe::21", "+ add 203.0.113.20 2001:db8:cafe::20"]),
], ids=["missing", "too many", "another"])
def test_drift_shows_in_digest_and_diff(lab, drift, lines):
    before = digests(lab)
    lab.ctl(2, *drift)
    after = digests(lab)
    shown = lab.ctl(2, "diff", cluster.CONFIG, check=False).stdout.splitlines()
    lab.load(2)
    assert after[1] == after[3] == before[1] != after[2]
    assert sorted(shown) == sorted(lines)
    assert digests(lab) == before
