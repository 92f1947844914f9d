"""What must be true once everything works again: nothing that was acknowledged is missing, nothing happened twice."""

import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

from callers import rows
from chassis import broker
from gateway.inbox.subscriptions import TOLD
from history import History, Step
from running import wait_for

SERVICES = ("gateway", "singo", "twuin")
_EVENTS = ("submitted", "claimed", "approved", "signed")
_OWNED = {
    "drafted": ("singo", "application", "citizen_id", "id"), "payment made": ("twuin", "payments", "citizen_id", "payment_id"),
    "reported": ("singo", "complaint", "reporter_id", "id"), "applied": ("twuin", "new_connections", "citizen_id", "application_id"),
}  # fmt: skip
Verdict = tuple[list[Step], list[Step]]  # lost, doubled


def settled(running: Any, history: History, began: Any) -> list[str]:
    """Wait until every outbox is empty, every fact was taken in and every repair has reached its report; say what never came."""
    rules: dict[str, Callable[[], list[str]]] = {
        "in an outbox": lambda: [service for service in SERVICES if running.outbox_depth(service)],
        "not told": lambda: _untold(running, began),
        "not closed": lambda: _leaks(running, history),
        "not connected": lambda: _moves(running, history),
    }
    for _ in range(2):  # what closes a report is told of, too
        for open_ in rules.values():
            with contextlib.suppress(AssertionError):
                wait_for(lambda open_=open_: not open_(), seconds=90)
    return [f"{name}: {each}" for name, open_ in rules.items() for each in open_()[:5]]


def verdict(running: Any, history: History) -> Verdict:
    """Return the steps that were acknowledged and are not there, and those that happened more than once."""
    found = _found(running, history)
    lost = [step for step in history.steps if step.acknowledged and not found[step.kind, step.ident]]
    doubled = [step for step in history.steps if found[step.kind, step.ident] > 1]
    return lost, doubled + _unasked(running, history)


def _found(running: Any, history: History) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    people = list(history.people)
    for (application,) in rows(running, "singo", "select id::text from application where citizen_id = any(%s)", people):
        found["drafted", application] += 1
    for application, requirement in rows(running, "singo", "select application_id::text, requirement from attachment"):
        found["attached", f"{application} {requirement}"] += 1
    for application, event in rows(running, "singo", "select application_id::text, event from timeline_entry"):
        if event in _EVENTS:
            found[event, application] += 1
    for (payment,) in rows(running, "twuin", "select payment_id::text from payments where citizen_id = any(%s)", people):
        found["payment made", payment] += 1
    for (request,) in rows(running, "twuin", "select request_id from payment_money"):
        found["money came", request] += 1
    for (complaint,) in rows(running, "singo", "select id::text from complaint where reporter_id = any(%s)", people):
        found["reported", complaint] += 1
    for (application,) in rows(
        running, "twuin", "select application_id::text from new_connections where citizen_id = any(%s)", people
    ):
        found["applied", application] += 1
    for what, event in rows(running, "twuin", """
            select work_order_id::text, event from work_steps
            union all select application_id::text, event from new_connection_steps where event = 'checked'"""):  # fmt: skip
        found[event, what] += 1
    return found


def _unasked(running: Any, history: History) -> list[Step]:
    """Return a step for each thing of a person's beyond those that the person asked for."""
    asked = Counter((step.kind, _owner(running, step)) for step in history.steps if step.kind in _OWNED)
    there = {
        (kind, owner): count
        for kind, (service, table, column, _) in _OWNED.items()
        for owner, count in rows(running, service, f"select {column}, count(*) from {table} group by 1")
    }
    return [
        Step(kind, who, "any")
        for (kind, who), count in asked.items()
        if who in history.people and there.get((kind, who), 0) > count
    ]


def _owner(running: Any, step: Step) -> str:
    if step.ident.startswith("by "):
        return step.ident[3:]
    service, table, owner_, column = _OWNED[step.kind]
    owner = rows(running, service, f"select {owner_} from {table} where {column} = %s::uuid", step.ident)
    return str(owner[0][0]) if owner else "nobody"


def faults_of(running: Any, history: History, began: Any, poison: set[str]) -> list[str]:
    """Return a sentence for each rule of the whole that is broken: money, notices, order, parked facts."""
    return [
        *_leaks(running, history),
        *_moves(running, history),
        *_money(running),
        *_notices(running, began),
        *_order(running, began),
        *_parked(running, poison),
    ]


def _leaks(running: Any, history: History) -> list[str]:
    """Return what is wrong with the reports: each is of one leak with one work order, is resolved once, and told of once."""
    reports, repaired = (
        [step.ident for step in history.steps if step.kind == "reported" and step.acknowledged],
        list(history.repaired),
    )
    orders = Counter(
        str(complaint)
        for (complaint,) in rows(
            running, "twuin", """
            select complaint_id from leak_reports r join work_orders w on w.subject_id = r.leak_id where complaint_id = any(%s::uuid[])""",
            reports,
        )
    )  # fmt: skip
    ends = Counter(
        str(complaint)
        for (complaint,) in rows(
            running,
            "singo",
            "select complaint_id from complaint_step where event = 'water_repaired' and complaint_id = any(%s::uuid[])",
            repaired,
        )
    )
    numbers = {str(each): number for each, number in rows(running, "singo", "select id, number from complaint")}
    told = Counter(link for (link,) in rows(running, "gateway", "select link from notice where code = 'complaint_resolved'"))
    wrong = [f"report {each} has {orders[each]} work orders" for each in reports if orders[each] != 1]
    wrong += [f"report {each} was resolved {ends[each]} times" for each in repaired if ends[each] != 1]
    return wrong + [
        f"of report {each} was told {count} times" for each in repaired if (count := told[f"/urusan/laporan/{numbers[each]}"]) != 1
    ]


def _moves(running: Any, history: History) -> list[str]:
    """Return what is wrong with the new connections that were installed: each is active, became so once, and was told of once."""
    active = Counter(
        str(application)
        for (application,) in rows(running, "twuin", """
            select application_id from new_connections n join new_connection_steps s using (application_id)
            join connection_links l using (connection_id)
            where n.state = 6 and s.event = 'activated' and l.unlinked_at is null and n.application_id = any(%s::uuid[])""", list(history.moved))
    )  # fmt: skip
    told = Counter(link for (link,) in rows(running, "gateway", "select link from notice where code = 'new_connection_activated'"))
    wrong = [f"connection {each} became active {active[each]} times" for each in history.moved if active[each] != 1]
    return wrong + [
        f"of connection {each} was told {count} times" for each in history.moved if (count := told[f"/sambungan-baru/{each}"]) != 1
    ]


def _money(running: Any) -> list[str]:
    came = rows(running, "twuin", "select coalesce(sum(amount), 0)::bigint from payment_money")[0][0]
    booked = rows(running, "twuin", "select coalesce(sum(amount), 0)::bigint from transfers where debit in (1210, 1220)")[0][0]
    accounts = rows(running, "twuin", """
        select coalesce(sum(amount), 0)::bigint from (
            select debit as account, amount from transfers union all select credit, -amount from transfers) t""")[0][0]  # fmt: skip
    twice = rows(running, "twuin", "select reference from transfers where kind = 'settlement' group by 1 having count(*) > 1")
    wrong = [f"Rp {came} came and Rp {booked} are booked"] if came != booked else []
    wrong += [f"the ledger sums to {accounts}"] if accounts else []
    return wrong + [f"bill {bill} was settled twice" for (bill,) in twice]


def _said(running: Any, began: Any) -> dict[str, str]:
    """Return the type of each fact, by id, that makes a notice and was said since the drill began."""
    types = [told.fact.DESCRIPTOR.full_name for told in TOLD]
    return {
        str(event): type_
        for service in SERVICES
        for event, type_ in rows(
            running,
            service,
            """
            select event_id, type from outbox where time >= %s and type = any(%s) and topic not like '%%.dead_letter'""",
            began,
            types,
        )
    }


def _untold(running: Any, began: Any) -> list[str]:
    """Return the facts that the inbox of notices has not taken in."""
    taken = {str(event) for (event,) in rows(running, "gateway", "select distinct event_id from inbox")}
    return [f"{type_} {event}" for event, type_ in _said(running, began).items() if event not in taken]


def _notices(running: Any, began: Any) -> list[str]:
    said = _said(running, began)
    told = Counter(
        str(fact) for (fact,) in rows(running, "gateway", "select fact_id from notice where fact_id = any(%s::uuid[])", list(said))
    )
    wrong = [f"{said[fact]} {fact} made {told[fact]} notices" for fact in said if told[fact] != 1]
    again = rows(
        running, "gateway", "select link, count(*) from notice where code = 'letter_issued' group by 1 having count(*) > 1"
    )
    return wrong + [f"{count} notices say that {link} is issued" for link, count in again]


def _order(running: Any, began: Any) -> list[str]:
    """Return the keys of which a later fact stands on the bus before an earlier one was there."""
    order: dict[tuple[str, str], list[str]] = defaultdict(list)
    topics = set()
    for service in SERVICES:
        for topic, key, event in rows(
            running, service, "select topic, key, event_id::text from outbox where time >= %s order by id", began
        ):
            order[topic, key].append(event)
            topics.add(topic)
    bus, seen = broker.connect(running.platform.bus_url), defaultdict(list)
    for topic in sorted(topics):
        for place, (start, stop) in bus.span(topic).items():
            for record in bus.read(place, start, stop):
                arrived = seen[topic, record.key]
                if (event := record.headers.get("ce_id", "")) not in arrived:
                    arrived.append(event)
    bus.close()
    return [
        f"order of {topic} {key}" for (topic, key), said in order.items() if [e for e in seen[topic, key] if e in set(said)] != said
    ]


def _parked(running: Any, poison: set[str]) -> list[str]:
    asked = "select event_id, type, error from dead_letter where resolved_at is null"
    parked = {
        str(event): f"{type_} {event}: {error}" for service in SERVICES for event, type_, error in rows(running, service, asked)
    }
    wrong = [f"{what} was parked" for event, what in parked.items() if event not in poison]
    return wrong + [f"poison {event} was not parked" for event in poison if event not in parked]
