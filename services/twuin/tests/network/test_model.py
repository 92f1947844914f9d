from __future__ import annotations

import pytest
from chassis.rpc import Failure
from chassis.testing import as_citizen, as_nobody, as_staff, serve
from hypothesis import given, settings
from hypothesis import strategies as st
from malang.twuin.v1 import network_pb2, network_pb2_grpc
from twuin import network
from twuin.network import pipes, rpc


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


def test_the_mains_are_lines_of_known_zones_within_the_city():
    assert len({main.code for main in network.mains()}) == len(network.mains()) > 150
    assert {main.zone for main in network.mains()} == {zone.code for zone in network.zones()}
    for main in network.mains():
        assert len(main.line) >= 2
        assert all(-8.07 < latitude < -7.89 and 112.55 < longitude < 112.71 for latitude, longitude in main.line)


def test_around_every_middle_a_main_is_near_and_outside_the_city_none():
    for zone in network.zones():
        for code in zone.kelurahan:
            latitude, longitude = network.centre_of(code)
            for north, east in ((0.0, 0.0), (0.002, 0.001), (-0.003, 0.002)):
                assert network.nearest_main(latitude + north, longitude + east)[1] < 100
    assert network.nearest_main(-8.2, 112.63)[1] > 10_000
    assert network.centre_of("35.07.01.1001") is None


@settings(deadline=None)
@given(st.floats(-8.05, -7.91), st.floats(112.58, 112.69), st.integers(0, 10_000))
def test_no_point_of_any_main_is_nearer_than_the_nearest(latitude, longitude, chosen):
    code, metres = network.nearest_main(latitude, longitude)
    other = network.mains()[chosen % len(network.mains())]
    assert all(network.metres_between((latitude, longitude), point) >= metres - 0.01 for point in other.line)
    assert code in {main.code for main in network.mains()}


def test_the_distance_is_the_one_to_the_line_not_to_its_ends():
    main = network.Main("M", "Z01", 75, ((-7.97, 112.60), (-7.97, 112.62)))
    assert pipes.distance_to((-7.971, 112.61), main) == pytest.approx(111.2, abs=0.1)
    assert network.metres_between((-7.97, 112.60), (-7.97, 112.601)) == pytest.approx(110.1, abs=0.1)


def test_staff_of_the_utility_see_the_mains_and_citizens_do_not():
    with serve(rpc.served()) as upstream:
        stub = upstream.stub(network_pb2_grpc.NetworkStub)
        with as_staff(roles=("crew",)):
            everything = stub.ListMains(network_pb2.ListMainsRequest())
            zone = stub.ListMains(network_pb2.ListMainsRequest(zone="Z06"))
        with as_citizen("A"), pytest.raises(Failure) as denied:
            stub.ListMains(network_pb2.ListMainsRequest())
    assert denied.value.kind == "denied"
    assert everything.synthetic
    assert len(everything.mains) == len(network.mains()) > len(zone.mains) > 0
    assert {main.zone for main in zone.mains} == {"Z06"}
