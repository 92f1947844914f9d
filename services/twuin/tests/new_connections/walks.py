"""Ways that an application goes, in one word each, for the tests of new connections."""

from __future__ import annotations

import pytest
from chassis import rpc
from chassis.testing import as_citizen
from malang.twuin.v1 import new_connections_pb2 as pb
from twuin import ledger
from twuin.ledger import Account

from services.twuin.tests.new_connections.conftest import Office

COST = 50_000 + 375_000 + 12 * 32_000 + 250_000 + 100_000


def refused(kind: str, code: str, call, *args, **kwargs) -> rpc.Failure:
    with pytest.raises(rpc.Failure) as failure:
        call(*args, **kwargs)
    assert (failure.value.kind, failure.value.code) == (kind, code), failure.value
    assert failure.value.id
    assert failure.value.id != failure.value.en
    return failure.value


def offered(office: Office, **how) -> pb.NewConnection:
    one = office.apply()
    office.check(one)
    office.survey(one, **how)
    return office.get(one)


def installing(office: Office) -> pb.NewConnection:
    one = offered(office)
    office.pay(one)
    return office.get(one)


def balance(office: Office) -> dict[Account, int]:
    with office.db.transaction() as session:
        sums = ledger.trial_balance(session)
    assert sum(sums.values()) == 0
    return sums


def states(office: Office, one: pb.NewConnection) -> list[str]:
    return [step.event for step in office.get(one).steps]


def replace(office: Office, one: pb.NewConnection, letter: str, citizen: str = "ani") -> pb.NewConnection:
    with as_citizen(citizen):
        return office.calls.ReplaceProof(pb.ReplaceProofRequest(application_id=one.application_id, letter_id=letter))


def withdraw(office: Office, one: pb.NewConnection, citizen: str = "ani") -> pb.NewConnection:
    with as_citizen(citizen):
        return office.calls.Withdraw(pb.WithdrawNewConnectionRequest(application_id=one.application_id))
