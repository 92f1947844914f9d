"""gRPC ignores an option whose name it does not know, so every name is looked up in the library itself."""

from pathlib import Path

import pytest
from chassis.rpc import client, server
from grpc._cython import cygrpc

NAMES = sorted({name for options in (client.OPTIONS, server.OPTIONS) for name, _ in options})


@pytest.fixture(scope="module")
def library():
    return Path(cygrpc.__file__).read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_grpc_knows_the_option(name, library):
    assert name.encode() + b"\0" in library


def test_a_misspelt_option_is_not_found(library):
    assert b"grpc.http2.min_recv_ping_interval_without_data_ms\0" not in library


def test_clients_ping_no_oftener_than_servers_allow():
    wanted, allowed = dict(client.OPTIONS), dict(server.OPTIONS)
    assert wanted["grpc.keepalive_time_ms"] > allowed["grpc.http2.min_ping_interval_without_data_ms"]
    assert wanted["grpc.keepalive_permit_without_calls"] == allowed["grpc.keepalive_permit_without_calls"]
