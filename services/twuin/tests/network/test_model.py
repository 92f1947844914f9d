from __future__ import annotations

from chassis.testing import as_nobody, serve
from malang.twuin.v1 import network_pb2, network_pb2_grpc
from twuin import network
from twuin.network import rpc


def test_eleven_zones_supply_each_of_the_57_kelurahan_once():
    supplied = [code for zone in network.zones() for code in zone.kelurahan]
    assert len(network.zones()) == 11
    assert len(supplied) == len(set(supplied)) == 57
    assert all(zone.kelurahan for zone in network.zones())


def test_a_kelurahan_finds_its_zone_and_one_outside_none():
    sawojajar = network.zone_of("35.73.03.1008")
    assert sawojajar is not None
    assert "35.73.03.1008" in sawojajar.kelurahan
    assert network.zone_of("35.07.01.1001") is None


def test_anybody_may_ask_for_the_zones():
    with serve(rpc.served()) as upstream, as_nobody():
        listed = upstream.stub(network_pb2_grpc.NetworkStub).ListZones(network_pb2.ListZonesRequest())
    assert [zone.code for zone in listed.zones] == [f"Z{place:02}" for place in range(1, 12)]
