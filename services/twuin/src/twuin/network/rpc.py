"""malang.twuin.v1.Network."""

from __future__ import annotations

import grpc
from chassis import rpc
from malang.twuin.v1 import network_pb2, network_pb2_grpc

from twuin.network import model, pipes


class NetworkServicer(network_pb2_grpc.NetworkServicer):
    """Names the parts of the network to anybody."""

    @rpc.access(rpc.ANYONE)
    def ListZones(self, request: network_pb2.ListZonesRequest, context: grpc.ServicerContext) -> network_pb2.ListZonesResponse:
        """Return all zones."""
        return network_pb2.ListZonesResponse(
            zones=[network_pb2.Zone(code=zone.code, name=zone.name, kelurahan=zone.kelurahan) for zone in model.zones()]
        )

    @rpc.access(rpc.staff("operator", "water_cs", "crew"))
    def ListMains(self, request: network_pb2.ListMainsRequest, context: grpc.ServicerContext) -> network_pb2.ListMainsResponse:
        """Return the mains of one zone, or of all."""
        found = [each for each in pipes.mains() if request.zone in ("", each.zone)]
        return network_pb2.ListMainsResponse(
            mains=[
                network_pb2.Main(
                    code=each.code, zone=each.zone, diameter_mm=each.diameter_mm,
                    coordinates=[degree for point in each.line for degree in point],
                )
                for each in found
            ],
            synthetic=pipes.synthetic(),
        )  # fmt: skip


def served() -> rpc.Served:
    """Return the service for a server."""
    return rpc.Served(network_pb2_grpc.add_NetworkServicer_to_server, NetworkServicer(), "malang.twuin.v1.Network")
