from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from chassis.rpc import Failure
from chassis.testing import as_nobody, serve
from malang.twuin.v1 import tariffs_pb2 as pb
from malang.twuin.v1 import tariffs_pb2_grpc
from twuin import tariffs
from twuin.tariffs import rpc


@pytest.fixture
def calls(waterworks):
    with waterworks.db.transaction() as session:
        assert tariffs.load(session, tariffs.read("")) == 12
    with serve(rpc.served(waterworks.db)) as upstream, as_nobody():
        yield upstream.stub(tariffs_pb2_grpc.TariffsStub)


def test_a_later_phase_takes_over_on_its_day(calls):
    before = calls.Calculate(pb.CalculateRequest(group="IIIA", volume=25, on="2025-12-31"))
    after = calls.Calculate(pb.CalculateRequest(group="IIIA", volume=25, on="2026-01-01"))
    assert before.total == 10 * 2500 + 10 * 3400 + 5 * 4300 + 7500
    assert after.total == 10 * 2600 + 10 * 3600 + 5 * 4500 + 7500
    assert after.tariff.effective_from == "2026-01-01"
    assert after.tariff.demo
    assert sum(line.amount for line in after.lines) == after.total


def test_lists_one_tariff_a_group_and_none_before_the_first(calls):
    assert [tariff.group for tariff in calls.List(pb.ListTariffsRequest(on="2026-06-01")).tariffs] == [
        "I",
        "II",
        "IIIA",
        "IIIB",
        "IVA",
        "IVB",
    ]
    assert not calls.List(pb.ListTariffsRequest(on="2020-01-01")).tariffs


def test_says_what_is_wrong_with_a_question(calls):
    for request, field in (
        (pb.CalculateRequest(group="IIIA", volume=-1), "volume"), (pb.CalculateRequest(group="IIIA", volume=3, on="kemarin"), "on"),
    ):  # fmt: skip
        with pytest.raises(Failure) as wrong:
            calls.Calculate(request)
        assert [error.field for error in wrong.value.fields] == [field]
    with pytest.raises(Failure) as wrong:
        calls.Calculate(pb.CalculateRequest(group="X", volume=3))
    assert (wrong.value.kind, wrong.value.code) == ("not_found", "tariff_not_found")


def test_loading_again_adds_nothing_and_a_changed_past_is_refused(waterworks):
    read = tariffs.read("")
    with waterworks.db.transaction() as session:
        tariffs.load(session, read)
        assert tariffs.load(session, read) == 0
        changed = replace(read[0], blocks=(tariffs.Block(1, None, 1),))
        with pytest.raises(tariffs.TariffFileWrong, match="other contents"):
            tariffs.load(session, [changed])
        assert tariffs.load(session, [replace(changed, effective_from=dt.date(2027, 1, 1))]) == 1
