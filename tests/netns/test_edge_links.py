# SPDX-License-Identifier: GPL-2.0-only
"""Edge relays by how they are connected: RFC 7756 section 3.2."""

import pytest
from addresses import MAC_FAR6, SERVER4
from frame import Frame
from test_edge import PART, edge, in4, in6, out4, out6

pytestmark = pytest.mark.usefixtures("real")


@pytest.fixture
def stick(gateway):
    """The host is on the link that has the IPv6 network as well."""
    neighbour = f"neigh replace {SERVER4} lladdr {MAC_FAR6} dev to6 nud permanent"
    gateway.ip(neighbour)
    with gateway.routes(f"route {SERVER4}/32 dev to6"), gateway.sysctls(
            net__ipv4__conf__to6__send_redirects=0):
        yield
    gateway.ip(f"neigh del {SERVER4} dev to6")


@edge
def test_on_a_stick(real, stick):
    """3.2.1: both families on one interface."""
    seen = real.wire.exchange(Frame(out4(PART), side=6))
    assert (seen[6], seen[4]) == ([out6(PART)], [])
    seen = real.wire.exchange(in6(PART))
    expected = in4(PART)
    assert not seen[4] and [expected.closed(packet) for packet in seen[6]] == seen[6] and seen[6]
