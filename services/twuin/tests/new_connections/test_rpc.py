"""New connections through a real server: from the letter to the tap, and everything that is in the way."""

from __future__ import annotations

import datetime as dt
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from chassis import clock, rpc
from chassis.testing import as_citizen, as_staff, with_key
from malang.twuin.v1 import connections_events_pb2, payments_events_pb2
from malang.twuin.v1 import new_connections_events_pb2 as facts
from malang.twuin.v1 import new_connections_pb2 as pb
from twuin import billing, ledger, metering
from twuin.billing import queries
from twuin.connections import planning, service
from twuin.ledger import Account
from twuin.new_connections.means import Place
from twuin.work_orders.model import Report

from services.twuin.tests.new_connections.conftest import Office, installed, picture
from services.twuin.tests.waterworks import NOW

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


def test_a_letter_becomes_a_tap(office: Office) -> None:
    with clock.frozen(NOW):
        one = office.apply()
        assert (one.number, one.state, one.with_whom, one.due_on) == ("SB-26-000001", 1, "customer_service", "2026-11-26")
        assert office.check(one).state == pb.NEW_CONNECTION_STATE_SURVEY
        assert (office.get(one).with_whom, office.get(one).due_on) == ("crew", "2026-11-27")
        office.survey(one)
        priced = office.get(one)
        assert (priced.state, priced.amount, priced.with_whom) == (pb.NEW_CONNECTION_STATE_PAYMENT, COST, "applicant")
        assert [(line.code, line.quantity) for line in priced.cost] == [
            ("registration", 1), ("meter", 1), ("pipe_20", 12), ("labour", 1), ("deposit", 1),
        ]  # fmt: skip
        assert priced.due_on == "2026-12-08"
        office.pay(one)
        assert office.get(one).state == pb.NEW_CONNECTION_STATE_INSTALLATION
        office.install(one)
    active = office.get(one)
    assert (active.state, active.with_whom, active.due_on) == (pb.NEW_CONNECTION_STATE_ACTIVE, "nobody", "")
    assert states(office, one) == ["applied", "checked", "surveyed", "offered", "paid", "installed", "activated"]
    with office.db.transaction() as session:
        [mine] = service.mine(session, office.works.parts.holders, "ani")
    assert (str(mine.connection_id), mine.number, mine.state.name) == (active.connection_id, active.connection_number, "ACTIVE")
    assert mine.meter_serial_masked.endswith("001")
    assert office.one("select base_value from registers") == 3
    assert len(office.facts(facts.NewConnectionActivated)) == 1
    [linked] = office.facts(connections_events_pb2.ConnectionLinked)
    assert (linked.citizen_id, linked.proof) == ("ani", planning.PROOF)


def test_the_cost_is_a_bill_like_any_other(office: Office) -> None:
    one = offered(office)
    with office.db.transaction() as session:
        row = queries.own(session, "ani", uuid.UUID(one.bill_id))
        [bill] = billing.explained(session, [uuid.UUID(one.bill_id)])
    assert row is not None
    assert (bill.kind, bill.amount, bill.volume, len(bill.lines)) == ("connection", COST, 0, 5)
    assert len(bill.period) == len("2026-11")
    assert all(line.name_id != line.name_en for line in bill.lines)
    assert balance(office)[Account.RECEIVABLES] == COST
    office.pay(one)
    assert balance(office)[Account.RECEIVABLES] == 0
    assert balance(office)[Account.DEPOSITS] == -100_000
    assert balance(office)[Account.REVENUE_CONNECTION] == -(COST - 100_000)


def test_a_planned_connection_is_neither_billed_nor_found_nor_proven(office: Office) -> None:
    from chassis.principal import Principal
    from twuin import connections
    from twuin.connections import desk, proofs

    one = offered(office)
    staff = Principal("s", "staff", roles=frozenset({"water_cs"}), areas=frozenset({"*"}))
    holders = office.works.parts.holders
    with office.db.transaction() as session:
        assert session.execute(connections.billable()).all() == []
        assert desk.find(session, holders, staff, one.connection_number, size=20).connections == []
        begun = proofs.begin_phone(session, holders, "ben", one.connection_number)
        with pytest.raises(proofs.PhoneProofGone):
            proofs.take_delivery(session, holders, begun.proof_id)
        with pytest.raises(metering.MeterNotFound):
            metering.enter(
                session, uuid.UUID(one.connection_id), period="2026-11", value=5, read_on=clock.today(), by="staff"
            )  # fmt: skip


def test_every_field_that_is_wrong_is_named_at_once(office: Office) -> None:
    wrong = {
        "letter_id": "", "address": "x", "rt": "a", "rw": "1234", "kelurahan": "99", "latitude": 1.0, "longitude": 1.0,
        "tariff_group": "ZZ", "documents": [pb.DocumentUpload(kind="house", content=b"%PDF-1.7")],
        "applicant": pb.ConnectionApplicant(phone="12"),
    }  # fmt: skip
    with as_citizen("ani"):
        failure = refused("invalid", "invalid_fields", office.calls.Apply, office.request(**wrong))
    assert {each.field for each in failure.fields} == {
        "letter_id", "address", "rt", "rw", "latitude", "kelurahan", "tariff_group", "applicant.name", "applicant.phone",
        "documents.0.content",
    }  # fmt: skip
    assert all(each.id != each.en for each in failure.fields)
    assert office.one("select count(*) from new_connections") == 0


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"kind": "sktm"}, "proof_wrong_kind"),
        ({"until": "2020-01-01"}, "proof_expired"),
        ({"hashed": False}, "proof_without_address"),
        ({"home": Place("Jl. Danau Toba No. 6", "3", "12")}, "proof_other_address"),
    ],
)
def test_ones_own_letter_that_proves_nothing_is_refused_with_its_reason(office: Office, how: dict, code: str) -> None:
    letter = office.letter(**how)
    failure = refused("refused", code, office.apply, letter)
    assert "SGO-AAAA-BBBB" in failure.id
    assert "SGO-AAAA-BBBB" in failure.en
    assert office.one("select count(*) from new_connections") == 0


@pytest.mark.parametrize("revoked_first", [True, False])
def test_a_revoked_letter_is_refused_in_whatever_order_the_facts_came(office: Office, revoked_first: bool) -> None:
    letter = str(uuid.uuid4())
    if revoked_first:
        office.revoke(letter)
    office.letter(letter_id=letter)
    office.revoke(letter)
    office.letter(letter_id=letter)
    refused("refused", "proof_revoked", office.apply, letter)
    with as_citizen("ani"):
        [proof] = office.calls.ListProofs(pb.ListProofsRequest()).proofs
    assert (proof.revoked, proof.usable, proof.reason) == (True, False, "revoked")


def test_somebody_elses_letter_is_simply_not_there(office: Office) -> None:
    theirs = office.letter("ben")
    for letter in (theirs, str(uuid.uuid4()), "nonsense"):
        failure = refused("not_found", "proof_not_found", office.apply, letter)
        assert failure.id == "Surat tidak ditemukan."
    with as_citizen("ani"):
        assert not office.calls.ListProofs(pb.ListProofsRequest()).proofs


def test_a_weak_identity_does_not_apply(office: Office) -> None:
    letter = office.letter()
    with as_citizen("ani", loa=1):
        refused("refused", "assurance_too_low", office.calls.Apply, office.request(letter))


def test_one_home_has_one_application_of_a_person_at_a_time(office: Office) -> None:
    letter = office.letter()
    one = office.apply(letter)
    assert one.number in refused("conflict", "already_applied", office.apply, letter).id
    with as_citizen("ani"):
        office.calls.Withdraw(pb.WithdrawNewConnectionRequest(application_id=one.application_id, reason="Pindah lagi"))
    assert office.apply(letter).state == pb.NEW_CONNECTION_STATE_APPLIED


def test_the_same_key_applies_once(office: Office) -> None:
    letter = office.letter()
    with as_citizen("ani"), with_key("k1"):
        answers = [office.calls.Apply(office.request(letter)).number for _ in range(3)]
    assert len(set(answers)) == 1
    assert len(office.facts(facts.NewConnectionApplied)) == 1


def test_who_is_behind_with_bills_is_refused_by_the_check_with_the_amount(office: Office) -> None:
    other = office.works.connect(citizens=("ani",))
    with office.db.transaction() as session:
        billing.issue_connection(
            session, other.connection_id, number=other.number, tariff_group="IIIA", due_on=clock.today() - dt.timedelta(days=1),
            lines=[billing.Line("labour", 1, 145_500)],
        )  # fmt: skip
    one = office.apply()
    assert office.check(one).state == pb.NEW_CONNECTION_STATE_REFUSED
    told = office.get(one)
    assert (told.reason, told.reason_text) == ("arrears", "Rp 145.500")
    assert [fact.reason for fact in office.facts(facts.NewConnectionRefused)] == ["arrears"]


@pytest.mark.parametrize("found", [{"metres": 101}, {"feasible": False}])
def test_where_no_pipe_is_near_nothing_is_offered(office: Office, found: dict) -> None:
    one = offered(office, **found)
    assert (one.state, one.reason, one.bill_id) == (pb.NEW_CONNECTION_STATE_REFUSED, "no_pipe", "")
    assert states(office, one)[-2:] == ["surveyed", "refused"]


def test_a_letter_that_is_revoked_before_the_check_is_not_passed_and_another_one_is(office: Office) -> None:
    letter = office.letter()
    one = office.apply(letter)
    office.revoke(letter)
    refused("refused", "proof_revoked", office.check, one)
    replace(office, one, office.letter())
    assert office.check(one).state == pb.NEW_CONNECTION_STATE_SURVEY


def replace(office: Office, one: pb.NewConnection, letter: str, citizen: str = "ani") -> pb.NewConnection:
    with as_citizen(citizen):
        return office.calls.ReplaceProof(pb.ReplaceProofRequest(application_id=one.application_id, letter_id=letter))


def test_a_letter_that_is_revoked_between_application_and_activation_holds_the_tap(office: Office) -> None:
    one = installing(office)
    office.revoke(one.letter_id)
    office.install(one)
    held = office.get(one)
    assert (held.state, held.reason, held.with_whom) == (pb.NEW_CONNECTION_STATE_HELD, "proof_revoked", "applicant")
    assert [fact.reason for fact in office.facts(facts.NewConnectionHeld)] == ["proof_revoked"]
    assert office.one("select state from connections") == 4
    refused("refused", "proof_revoked", replace, office, one, one.letter_id)
    refused("refused", "proof_other_address", replace, office, one, office.letter(home=Place("Jl. Lain 1", "1", "1")))
    refused("not_found", "proof_not_found", replace, office, one, office.letter("ben"))
    active = replace(office, one, office.letter())
    assert active.state == pb.NEW_CONNECTION_STATE_ACTIVE
    assert (office.one("select state from connections"), office.one("select count(*) from meters")) == (1, 1)
    refused("refused", "step_passed", replace, office, one, office.letter())


def test_a_letter_that_expires_before_activation_holds_the_tap(office: Office) -> None:
    letter = office.letter(until=clock.today().isoformat())
    one = office.apply(letter)
    office.check(one)
    office.survey(one)
    office.pay(one)
    with clock.frozen(clock.now() + dt.timedelta(days=1)):
        office.install(one)
    assert office.get(one).reason == "proof_expired"


def test_facts_that_come_again_change_nothing(office: Office) -> None:
    one = installing(office)
    office.deliver(again=True)
    office.install(one)
    office.deliver(again=True)
    assert states(office, one) == ["applied", "checked", "surveyed", "offered", "paid", "installed", "activated"]
    assert (len(office.orders(one)), office.one("select count(*) from bills")) == (2, 1)


def test_money_that_comes_twice_is_paid_once(office: Office) -> None:
    one = installing(office)
    with pytest.raises(Exception, match=r"already paid|lunas"):
        office.pay(one)
    assert [order.kind.name for order in office.orders(one)] == ["SURVEY", "INSTALL"]


def test_what_cannot_be_installed_is_owed_back_once(office: Office) -> None:
    one = installing(office)
    office.work(one, Report("not_possible", "Pipa terhalang saluran"))
    office.deliver(again=True)
    ended = office.get(one)
    assert (ended.state, ended.reason) == (pb.NEW_CONNECTION_STATE_REFUSED, "not_possible")
    [owed] = office.facts(payments_events_pb2.PaymentToRefund)
    assert (owed.citizen_id, owed.amount, owed.reason) == ("ani", COST, "not_possible")
    sums = balance(office)
    assert (sums[Account.REFUNDS_PAYABLE], sums[Account.REVENUE_CONNECTION], sums[Account.DEPOSITS]) == (-COST, 0, 0)
    assert office.one("select state from connections") == 3
    with office.db.transaction() as session:
        assert queries.own(session, "ani", uuid.UUID(ended.bill_id)) is not None


def test_a_serial_that_another_meter_took_meanwhile_sends_the_crew_once_more(office: Office) -> None:
    one = installing(office)
    office.visit(one, installed("SAME-0001"))
    other = office.works.connect(meter=False)
    with office.db.transaction() as session:
        metering.install(session, other.connection_id, serial="SAME-0001", digits=5, initial=0, on=clock.today())
    office.deliver()
    assert office.get(one).state == pb.NEW_CONNECTION_STATE_INSTALLATION
    assert states(office, one)[-1] == "serial_taken"
    office.install(one, "OTHER-0001")
    office.deliver(again=True)
    assert office.get(one).state == pb.NEW_CONNECTION_STATE_ACTIVE
    assert [order.visit for order in office.orders(one)] == [1, 1, 2]


def test_withdrawing_cancels_the_bill_and_the_work(office: Office) -> None:
    one = office.apply()
    office.check(one)
    withdraw(office, one)
    assert [order.state.name for order in office.orders(one)] == ["CANCELLED"]
    other = offered(office)
    withdraw(office, other)
    assert office.one("select state from bills") == 3
    with office.db.transaction() as session:
        assert service.mine(session, office.works.parts.holders, "ani") == []
    assert set(balance(office).values()) == {0}
    assert len(office.facts(facts.NewConnectionWithdrawn)) == 2


def withdraw(office: Office, one: pb.NewConnection, citizen: str = "ani") -> pb.NewConnection:
    with as_citizen(citizen):
        return office.calls.Withdraw(pb.WithdrawNewConnectionRequest(application_id=one.application_id))


def test_what_is_paid_is_neither_withdrawn_nor_refused(office: Office) -> None:
    one = installing(office)
    refused("refused", "already_paid", withdraw, office, one)
    refused("refused", "already_paid", office.refuse, one)


def test_money_and_withdrawal_at_one_moment_do_not_both_win(office: Office) -> None:
    one = offered(office)

    def attempt(act) -> object:
        try:
            return act()
        except Exception as wrong:  # noqa: BLE001 - either may lose
            return wrong

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(attempt, [lambda: withdraw(office, one), lambda: office.pay(one)]))
    office.deliver(again=True)
    ended, bill = office.get(one), office.one("select state from bills")
    assert (ended.state, bill) in {(pb.NEW_CONNECTION_STATE_WITHDRAWN, 3), (pb.NEW_CONNECTION_STATE_INSTALLATION, 2)}
    balance(office)


def test_a_refusal_needs_a_reason_and_words(office: Office) -> None:
    one = office.apply()
    refused("invalid", "invalid_fields", office.refuse, one, reason="mood")
    refused("invalid", "invalid_fields", office.refuse, one, text="x")
    assert office.refuse(one).reason == "documents"
    assert office.get(one).reason_text == "Foto tidak jelas"
    refused("refused", "step_passed", office.refuse, one)
    refused("refused", "step_passed", office.check, one)


def test_pictures_are_made_anew_and_sealed(office: Office) -> None:
    one = office.apply(documents=[pb.DocumentUpload(kind="house", file_name="../../a<b>.png", content=picture() + b"trailing")])
    [document] = office.get(one).documents
    assert (document.file_name, document.media_type) == ("a_b.jpg", "image/jpeg")
    with as_citizen("ani"):
        asked = pb.GetDocumentRequest(application_id=one.application_id, document_id=document.document_id)
        content = office.calls.GetDocument(asked).content
    assert content.startswith(b"\xff\xd8")
    assert b"trailing" not in content
    assert not bytes(office.one("select content from new_connection_documents")).startswith(b"\xff\xd8")


@pytest.mark.parametrize(
    "documents",
    [
        [pb.DocumentUpload(kind="house", content=picture())] * 2,
        [pb.DocumentUpload(kind="selfie", content=picture())],
        [pb.DocumentUpload(kind="house", content=b"")],
    ],
)
def test_documents_that_do_not_fit_are_refused(office: Office, documents: list) -> None:
    refused("invalid", "invalid_fields", office.apply, documents=documents)


def test_nobody_else_sees_moves_or_reads_an_application(office: Office) -> None:
    one = office.apply()
    [document] = office.get(one).documents
    asked = {"application_id": one.application_id}
    with as_citizen("ben"):
        for call, request in (
            (office.calls.Get, pb.GetNewConnectionRequest(**asked)),
            (office.calls.GetDocument, pb.GetDocumentRequest(**asked, document_id=document.document_id)),
            (office.calls.Withdraw, pb.WithdrawNewConnectionRequest(**asked)),
            (office.calls.ReplaceProof, pb.ReplaceProofRequest(**asked, letter_id=office.letter("ben"))),
        ):
            refused("not_found", "application_not_found", call, request)
        assert office.calls.ListMine(pb.ListMyNewConnectionsRequest()).total == 0


def test_staff_of_another_area_and_of_other_roles_see_nothing(office: Office) -> None:
    one = office.apply()
    elsewhere = {"areas": ["35.73.01.1001"]}
    refused("not_found", "application_not_found", office.check, one, **elsewhere)
    with as_staff(roles=["water_cs"], **elsewhere):
        assert office.calls.Queue(pb.NewConnectionQueueRequest()).total == 0
        opened = pb.OpenNewConnectionRequest(application_id=one.application_id, purpose="memeriksa permohonan")
        refused("not_found", "application_not_found", office.calls.Open, opened)
    for roles in (["officer"], ["crew"], ["cashier"]):
        with as_staff(roles=roles), pytest.raises(rpc.Failure) as denied:
            office.calls.Queue(pb.NewConnectionQueueRequest())
        assert denied.value.kind == "denied"


def test_opening_takes_a_purpose_and_tells_the_applicant(office: Office) -> None:
    one = office.apply()
    with as_staff(roles=["water_cs"]):
        asked = pb.OpenNewConnectionRequest(application_id=one.application_id, purpose="")
        refused("invalid", "invalid_fields", office.calls.Open, asked)
        asked.purpose = "memeriksa permohonan"
        opened = office.calls.Open(asked)
    assert (opened.applicant.name, opened.proof.usable, opened.arrears) == ("Ani Lestari", True, 0)
    [viewed] = office.facts(connections_events_pb2.HolderViewed)
    assert (viewed.citizen_id, viewed.subject_kind, viewed.subject_id) == ("ani", "new_connection", one.application_id)


def test_the_queue_shows_no_address_and_goes_page_by_page(office: Office) -> None:
    made = [office.apply(citizen=f"citizen-{place}").number for place in range(3)]
    with as_staff(roles=["water_cs"]):
        first = office.calls.Queue(pb.NewConnectionQueueRequest(page_size=2))
        rest = office.calls.Queue(pb.NewConnectionQueueRequest(page_size=2, page_token=first.next_page_token))
        found = office.calls.Queue(pb.NewConnectionQueueRequest(number=made[1].lower()))
        refused("invalid", "invalid_fields", office.calls.Queue, pb.NewConnectionQueueRequest(page_token="%%"))
    assert [each.number for each in (*first.applications, *rest.applications)] == made
    assert (first.total, rest.next_page_token) == (3, "")
    assert {each.address for each in first.applications} == {""}
    assert first.applications[0].applicant_initials == "A.L."
    assert [each.number for each in found.applications] == [made[1]]


def test_ones_own_list_is_newest_first(office: Office) -> None:
    made = [
        office.apply(office.letter(home=Place(f"Jl. {n}", "1", "1")), address=f"jalan {n}", rt="1", rw="1").number for n in "abc"
    ]
    with as_citizen("ani"):
        first = office.calls.ListMine(pb.ListMyNewConnectionsRequest(page_size=2))
        rest = office.calls.ListMine(pb.ListMyNewConnectionsRequest(page_size=2, page_token=first.next_page_token))
    assert [each.number for each in (*first.applications, *rest.applications)] == made[::-1]
    assert first.applications[0].address == "jalan c"


def test_personal_data_is_sealed(office: Office) -> None:
    one = office.apply()
    whole = office.one(
        "select new_connections::text from new_connections where application_id = :id", id=uuid.UUID(one.application_id)
    )
    assert "Lestari" not in str(whole)
    assert "danau" not in str(whole)
