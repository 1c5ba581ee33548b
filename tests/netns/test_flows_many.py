# SPDX-License-Identifier: GPL-2.0-only
"""How many flows a gateway keeps on one processor.

Their memory is charged to nobody, so that a network namespace of a user namespace has room for
128 of them, flows and destinations together. In any other one there is more as more are needed.
"""

import pytest
from addresses import HOST4, HOST6
from ingress import DIRECT, arrivals, keeps_flows, topology_of_its_own
from packet import ANY, ip4, ip6, udp
from topology import Gateway, OwnedGateway

pytestmark = [pytest.mark.as_configured, keeps_flows]

COUNT, ROOM = 300, 2 << 6
PART = udp(1, 53, b"question")
SERVERS = [(f"192.0.{n >> 8}.{n & 255}", f"2001:db8:100::c000:{n:x}") for n in range(0x200, 0x200 + COUNT)]
SIX = [ip6(HOST6, six, PART) for _, six in SERVERS]
FOUR = [ip4(four, HOST4, PART) for four, _ in SERVERS]
INTO = {6: [ip4(HOST4, four, PART, ttl=63, id=ANY) for four, _ in SERVERS],
        4: [ip6(six, HOST6, PART, hlim=63) for _, six in SERVERS]}


@pytest.fixture(params=[Gateway, OwnedGateway], ids=["root", "user"])
def net(request, module, namespaces):
    for net in topology_of_its_own(request.param):
        net.configure(DIRECT)
        yield net


@pytest.mark.parametrize("family, sent", [(6, SIX), (4, FOUR)], ids=["6to4", "4to6"])
def test_as_many_flows_are_kept_as_there_is_room_for(net, family, sent):
    for _ in range(6):
        net.wire.expect(sent, *INTO[family])
    before = net.left.count()
    net.wire.expect(sent, *INTO[family])
    taken = COUNT - (net.left.count() - before)
    if isinstance(net.gateway, OwnedGateway):
        assert ROOM / 2 < taken <= ROOM
    else:
        assert taken > COUNT * 3 / 4


def test_a_flow_that_comes_twice_takes_the_place_of_another(net):
    """And one that comes once takes none, however many do."""
    for _ in range(6):
        net.wire.expect(SIX, *INTO[6])
    for sent in SIX[::8]:
        net.wire.exchange(sent, sent)
        assert arrivals(net, sent) == 0
