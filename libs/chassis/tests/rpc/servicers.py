# ruff: noqa: N802 - methods of a servicer are named by the proto
"""Two services that do what a test says, and how a test calls them."""

from contextlib import contextmanager

import pytest
from chassis import rpc
from chassis.testing.calls import serve
from malang.singo.v1 import charter_pb2_grpc
from malang.singo.v1.charter_pb2 import Kind, ListKindsResponse
from malang.twuin.v1 import payments_pb2, payments_pb2_grpc

CHARTER, PAYMENTS = "malang.singo.v1.Charter", "malang.twuin.v1.Payments"


class Charter(charter_pb2_grpc.CharterServicer):
    """Answers with whatever the test says it does."""

    def __init__(self, do):
        self.do = do

    @rpc.access(rpc.ANYONE)
    def GetKind(self, request, context):
        return self.do(request) or Kind()

    @rpc.access(rpc.ANYONE)
    def ListKinds(self, request, context):
        self.do(request)
        return ListKindsResponse()


class Payments(payments_pb2_grpc.PaymentsServicer):
    """Has a method that is not a read: Start."""

    def __init__(self, do):
        self.do = do

    @rpc.access(rpc.ANYONE)
    def Start(self, request, context):
        self.do(request)
        return payments_pb2.Payment()


def charter(do):
    return rpc.Served(charter_pb2_grpc.add_CharterServicer_to_server, Charter(do), CHARTER)


def payments(do):
    return rpc.Served(payments_pb2_grpc.add_PaymentsServicer_to_server, Payments(do), PAYMENTS)


@contextmanager
def calling(do, **how):
    with serve(charter(do), payments(do), **how) as upstream:
        yield upstream.stub(charter_pb2_grpc.CharterStub)


def failure(call, *args, **kwargs):
    with pytest.raises(rpc.Failure) as caught:
        call(*args, **kwargs)
    return caught.value
