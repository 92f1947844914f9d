"""Each alert fires for a real fault on the cluster, and is over after it; at rest there is nothing but the Watchdog."""

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from deploy.cluster import __main__ as commands
from deploy.cluster.kube import ask, kubectl, rolled_out
from deploy.local.visitors import Person, Surprise, in_state, register, wait_for
from deploy.observability import rules
from tests.cluster import prometheus
from tests.cluster.drill import Drill
from tests.cluster.faults import booked_by_hand, crowd, denied, locked, scaled_away
from tests.cluster.load import Load
from tests.cluster.outcome import caught_up, lost_and_doubled

ALERTS = {rule["alert"] for group in rules.document()["groups"] for rule in group["rules"] if "alert" in rule}
A_DAY = {"RefundsDue"}  # looks back over a day, so a drill does not see its end


@pytest.fixture(scope="module")
def drill(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    if "CLUSTER_FULL" not in os.environ:
        pytest.skip("CLUSTER_FULL is not set: alerts by real faults take minutes")
    with prometheus.running(tmp_path_factory.mktemp("prometheus")) as one:
        begun = Drill(one)
        yield begun
        print("\n" + begun.table())


@pytest.fixture
def citizens(url: str) -> Iterator[Load]:
    """Let people use the platform during one test: an access token lives for minutes."""
    with Load(url, commands.STATE.read("signins")) as load:
        yield load


def citizen(url: str) -> Person:
    """Sign the demo's first citizen in."""
    known: Any = commands.STATE.read("signins")["citizens"]
    body = {"identifier": known[0]["nik"], "password": known[0]["password"]}
    return Person(url, Person(url).call("POST", "/auth/tokens", body)["access_token"])


def debtor(url: str) -> tuple[Person, str]:
    """Return somebody newly registered with a connection, and an open bill of it."""
    signins: Any = commands.STATE.read("signins")
    person, _ = register(url, signins["people"], commands.STATE.home)
    for each in random.sample(signins["connections"], 20):
        proof = {"connection_number": each["number"], **{name: each[name] for name in ("meter_serial", "last_bill_amount")}}
        try:
            linked = person.call("POST", "/connections", proof, expect=201)
        except Surprise:  # its last bill is another one by now
            continue
        bills = person.call("GET", f"/bills?connection_id={linked['connection_id']}")["bills"]
        if due := [bill["bill_id"] for bill in bills if bill["state"] == "open"]:
            return person, due[0]
    raise AssertionError("no connection with an open bill is left")


def restarts() -> dict[str, int]:
    """Return how often the process of each pod has ended and begun again."""
    pods = ask("get", "pods", "-l", "app.kubernetes.io/component in (web,rpc,consume,relay,jobs)")["items"]
    return {each["metadata"]["name"]: each["status"]["containerStatuses"][0]["restartCount"] for each in pods}


def test_at_rest_nothing_fires_but_the_watchdog(drill):
    drill.until_silent(ALERTS - {"Watchdog"}, 30)  # what the start of a new Prometheus itself looks like
    seen: set[str] = set()
    until = time.monotonic() + 60
    while time.monotonic() < until:
        seen |= drill.prometheus.firing()
        time.sleep(1)
    assert seen == {"Watchdog"}


def test_a_provider_that_does_not_answer(drill, url):
    person, bill = debtor(url)

    @contextmanager
    def silent() -> Iterator[None]:
        with denied("twuin", "local_orders"):  # the demo bank's own books
            person.call("POST", "/payments", {"bill_ids": [bill], "channel": "va"}, expect=500)
            yield

    drill.fires("the bank's orders cannot be read", silent(), InternalErrors=60, JobStale=240, PaymentUnanswered=400)
    (begun,) = person.call("GET", "/payments")["payments"]
    wait_for("what was begun", lambda: in_state(person.call("GET", f"/payments/{begun['payment_id']}"), "pending"))


def test_a_release_whose_job_lacks_a_right(drill):
    @contextmanager
    def released() -> Iterator[None]:
        with denied("twuin", "local_deliveries"):
            kubectl("rollout", "restart", "deployment/twuin-jobs")
            rolled_out("deployment/twuin-jobs")
            yield

    drill.fires("twuin-jobs restarted without a right that a job needs", released(), JobNeverDone=60)


def test_a_process_that_is_gone(drill):
    drill.fires("no relay of twuin", scaled_away("deployment/twuin-relay"), ProcessMissing=90)


@pytest.mark.usefixtures("citizens")
def test_a_service_that_is_gone(drill):
    drill.fires("no singo-rpc", scaled_away("deployment/singo-rpc"), ErrandFailing=60, UpstreamRefused=120)


@pytest.mark.usefixtures("citizens")
def test_a_database_that_is_held_up(drill):
    drill.fires("complaints locked in singo's database", locked("singo", "complaint"), ErrandSlow=60)


@pytest.mark.usefixtures("citizens")
def test_no_cache(drill):
    drill.fires("no Redis", scaled_away("statefulset/redis"), CacheGone=90)


def test_more_people_than_the_portal_can_serve(drill, url):
    @contextmanager
    def waiting() -> Iterator[None]:
        token = citizen(url).token
        with locked("gateway", "notice"), crowd(f"{url}/api/v1/me/notices", 200, token):
            yield

    fault = "notices locked in the gateway's database, 200 people ask"
    drill.fires(fault, waiting(), DatabasePoolFull=60, RequestsShed=60)


def test_a_fact_that_breaks_its_effect_is_driven_again_and_nothing_is_lost(drill, citizens):
    drill.fires("twuin may not write leak_reports", denied("twuin", "leak_reports"), DeadLetters=60)
    filed = list(citizens.filed)
    time.sleep(3)  # until those in hand are parked or have their effect
    kubectl("exec", "deployment/twuin-consume", "--", "python", "-m", "twuin", "redrive")
    assert lost_and_doubled(filed) == (0, 0)
    drill.until_silent({"DeadLetters"}, 30)


def test_a_bus_that_is_away(drill, citizens):
    before = restarts()
    drill.fires("no Kafka", scaled_away("statefulset/kafka"), OutboxStuck=180, after={"FactsLate": 60})
    assert caught_up(within=60) < 60
    assert restarts() == before, "a process ended because the bus was away"
    assert lost_and_doubled(list(citizens.filed)) == (0, 0)


def test_a_ledger_that_somebody_wrote_into(drill):
    drill.fires("a transfer of Rp 1,000 by hand", booked_by_hand(1_000), MoneyDiffers=120)


def test_money_that_must_go_back(drill, url):
    person, bill = debtor(url)

    @contextmanager
    def overpaid() -> Iterator[None]:
        payment = person.call("POST", "/payments", {"bill_ids": [bill], "channel": "va"}, expect=201)
        wrong = {"va_number": payment["va_number"], "amount": payment["amount"] + 500}
        person.call("POST", "/demo/bank/payments", wrong, expect=202)
        yield

    drill.fires("somebody pays Rp 500 too much", overpaid(), RefundsDue=150)


def test_a_consumer_that_cannot_go_on(drill, citizens):
    drill.fires("twuin's inbox locked", locked("twuin", "inbox"), ConsumerStuck=420)
    assert lost_and_doubled(list(citizens.filed), within=120) == (0, 0)


def test_every_alert_was_seen(drill):
    assert {row.alert for row in drill.rows} | {"Watchdog"} == ALERTS


def test_every_alert_is_over_when_its_fault_is(drill):
    rolled_out(*commands.deployments())
    drill.until_silent(ALERTS - {"Watchdog"} - A_DAY, 560)
