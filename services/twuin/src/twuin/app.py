"""The composition root: which capabilities there are, and what each needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from chassis.process import Capability, Job, Service, version_of

from twuin import billing, tariffs, work_orders
from twuin.parts import Parts
from twuin.settings import Settings

if TYPE_CHECKING:
    from chassis.consumer import Subscription
    from chassis.outbox import Again
    from chassis.rpc import Served
    from sqlalchemy.orm import Session

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
PROCESSES = ("rpc", "consume", "relay", "jobs")
TIDYING = 3600.0  # seconds between two rounds of jobs that only tidy up
LAPSING = 60.0  # seconds between two looks for what was not paid by its day


def _network(_parts: Parts) -> Sequence[Served]:
    from twuin.network import rpc

    return (rpc.served(),)


def _connections(parts: Parts) -> Sequence[Served]:
    from twuin.connections import rpc

    return (rpc.served(parts.db, parts.holders),)


def _connections_jobs(parts: Parts) -> Sequence[Job]:
    from twuin.connections import jobs

    return (Job("connections.forget", 600, lambda _stop: jobs.forget(parts.db)),)


def _metering(parts: Parts) -> Sequence[Served]:
    from twuin.metering import rpc

    return (rpc.served(parts.db),)


def _metering_jobs(parts: Parts) -> Sequence[Job]:
    from twuin.metering import jobs

    return (Job("metering.forget", 600, lambda _stop: jobs.forget(parts.db)),)


def _tariffs(parts: Parts) -> Sequence[Served]:
    from twuin.tariffs import rpc

    return (rpc.served(parts.db),)


def _billing(parts: Parts) -> Sequence[Served]:
    from chassis.rpc import Served
    from malang.twuin.v1.billing_pb2_grpc import add_BillingServicer_to_server

    from twuin.billing.rpc import BillingServicer

    chosen = parts.settings
    surcharges = billing.Surcharges(chosen.penalty, chosen.stamp_duty, chosen.stamp_duty_above)
    servicer = BillingServicer(parts.db, surcharges)
    return (Served(add_BillingServicer_to_server, servicer, "malang.twuin.v1.Billing"),)


def _billing_state(_parts: Parts, session: Session) -> Iterable[Again]:
    from twuin.billing import restating

    return restating.state(session)


def _billing_jobs(parts: Parts) -> Sequence[Job]:
    from twuin.billing import jobs

    return (Job("billing.runs", 1, lambda stop: jobs.advance_runs(parts.db, stop)),)


def _payments(parts: Parts) -> Sequence[Served]:
    from chassis.rpc import Served
    from malang.twuin.v1.payments_pb2_grpc import add_PaymentsServicer_to_server

    from twuin.payments.rpc import PaymentsServicer

    servicer = PaymentsServicer(parts.db, parts.provider)
    return (Served(add_PaymentsServicer_to_server, servicer, "malang.twuin.v1.Payments"),)


def _payments_jobs(parts: Parts) -> Sequence[Job]:
    from twuin import payments

    return payments.jobs(parts.db, parts.provider, callback_url=parts.settings.callback_url, secret=parts.provider.secret)


def _new_connections(parts: Parts) -> Sequence[Served]:
    from twuin.new_connections import rpc

    return (rpc.served(parts.db, parts.applying),)


def _new_connections_jobs(parts: Parts) -> Sequence[Job]:
    from twuin.new_connections import jobs

    return (Job("new_connections.lapse", LAPSING, lambda stop: jobs.lapse(parts.db, parts.applying, stop)),)


def _new_connections_state(_parts: Parts, session: Session) -> Iterable[Again]:
    from twuin.new_connections import restating

    return restating.state(session)


def _new_connections_facts(parts: Parts) -> Sequence[Subscription]:
    from twuin.new_connections.subscriptions import subscriptions

    return subscriptions(parts.applying)


def _leaks(parts: Parts) -> Sequence[Served]:
    from twuin.leaks import rpc

    return (rpc.served(parts.db, parts.album.reported),)


def _leaks_subscriptions(parts: Parts) -> Sequence[Subscription]:
    from twuin.leaks.service import Means
    from twuin.leaks.subscriptions import Listener

    return Listener(Means(parts.vault, parts.settings.leak_join_metres)).subscriptions()


def _work_orders(parts: Parts) -> Sequence[Served]:
    from twuin.work_orders import rpc

    return (rpc.served(parts.db, parts.album),)


def _work_orders_subscriptions(_parts: Parts) -> Sequence[Subscription]:
    from twuin.work_orders.subscriptions import SUBSCRIPTIONS

    return SUBSCRIPTIONS


def _work_orders_jobs(parts: Parts) -> Sequence[Job]:
    from twuin.work_orders import jobs

    return (Job("work_orders.forget_unused_photos", TIDYING, lambda _stop: jobs.forget_unused_photos(parts.db, parts.album)),)


def _platform(parts: Parts) -> Sequence[Served]:
    """Serve how the service is, to admins; what it says is of the frame, so it is no folder here."""
    from chassis.rpc import Served
    from chassis.rpc.platform import Platform
    from malang.platform.v1 import platform_pb2
    from malang.platform.v1.platform_pb2_grpc import add_PlatformServicer_to_server

    def subscriptions() -> Sequence[Subscription]:
        return SERVICE.subscriptions(parts)

    build = (version_of(SERVICE.name, MIGRATIONS), parts.settings.revision)
    platform = Platform(platform_pb2, parts.db, SERVICE.name, build=build, processes=PROCESSES, subscriptions=subscriptions)
    return [Served(add_PlatformServicer_to_server, platform, "malang.platform.v1.Platform")]


CAPABILITIES = (
    Capability("network", served=_network),
    Capability("connections", served=_connections, jobs=_connections_jobs),
    Capability("metering", served=_metering, jobs=_metering_jobs),
    Capability("tariffs", served=_tariffs),
    Capability("billing", served=_billing, jobs=_billing_jobs, state=_billing_state),
    Capability("payments", served=_payments, jobs=_payments_jobs),
    Capability("leaks", served=_leaks, subscriptions=_leaks_subscriptions),
    Capability("work_orders", served=_work_orders, subscriptions=_work_orders_subscriptions, jobs=_work_orders_jobs),
    Capability(
        "new_connections",
        served=_new_connections,
        subscriptions=_new_connections_facts,
        jobs=_new_connections_jobs,
        state=_new_connections_state,
    ),
    Capability("platform", served=_platform),
)


def load_tariffs(parts: Parts) -> int:
    """Load tariffs that are new; return how many came in."""
    try:
        found = tariffs.read(parts.settings.tariffs_dir)
    except tariffs.TariffFileWrong as wrong:
        raise SystemExit(f"tariffs: {wrong}") from wrong
    with parts.db.transaction() as session:
        return tariffs.load(session, found)


def load_crews(parts: Parts) -> int:
    """Make the crews those of the file; return how many are new or other."""
    try:
        crews = work_orders.read_crews(parts.settings.crews_file)
    except work_orders.CrewFileWrong as wrong:
        raise SystemExit(f"crews: {wrong}") from wrong
    with parts.db.transaction() as session:
        return work_orders.load_crews(session, crews)


def prepare(parts: Parts) -> None:
    """Load what stands in files: tariffs and crews."""
    load_tariffs(parts)
    load_crews(parts)


SERVICE = Service("twuin", Settings, MIGRATIONS, Parts, CAPABILITIES, prepare=prepare)
