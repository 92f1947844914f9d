"""The composition root: which capabilities there are, and what each needs. Heavy modules wait until their process is the one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from chassis.process import Capability, Job, Service, version_of

from singo.parts import Parts
from singo.settings import Settings

if TYPE_CHECKING:
    from chassis.consumer import Subscription
    from chassis.outbox import Again
    from chassis.rpc import Served
    from sqlalchemy.orm import Session

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
PROCESSES = ("rpc", "consume", "relay", "jobs")
TIDYING = 3600.0  # seconds between two rounds of jobs that only tidy up


def _charter(parts: Parts) -> Sequence[Served]:
    from chassis.rpc import Served
    from malang.singo.v1.charter_pb2_grpc import add_CharterServicer_to_server

    from singo.charter.rpc import CharterServicer

    return [Served(add_CharterServicer_to_server, CharterServicer(parts.charter), "malang.singo.v1.Charter")]


def _letters(parts: Parts) -> Sequence[Served]:
    from chassis.rpc import Served
    from malang.singo.v1.letters_pb2_grpc import add_LettersServicer_to_server

    from singo.letters.rpc import LettersServicer
    from singo.letters.verification import Verification

    press, trust = parts.press_and_trust
    servicer = LettersServicer(parts.db, parts.charter, press, Verification(press, trust))
    return [Served(add_LettersServicer_to_server, servicer, "malang.singo.v1.Letters")]


def _letters_jobs(parts: Parts) -> Sequence[Job]:
    from singo.letters import jobs

    press = parts.press_and_trust[0]
    return [Job("letters.forget_unissued_files", TIDYING, lambda _stop: jobs.forget_unissued_files(parts.db, press))]


def _letters_state(parts: Parts, session: Session) -> Iterator[Again]:
    from singo.letters import restating

    return restating.state(session, parts.vault, parts.address_key)


def _applications(parts: Parts) -> Sequence[Served]:
    from chassis.rpc import Served
    from malang.singo.v1.applications_pb2_grpc import add_ApplicationsServicer_to_server

    from singo.applications.rpc import ApplicationsServicer

    servicer = ApplicationsServicer(parts.db, parts.means, parts.signing)
    return [Served(add_ApplicationsServicer_to_server, servicer, "malang.singo.v1.Applications")]


def _applications_subscriptions(_parts: Parts) -> Sequence[Subscription]:
    from singo.applications.subscriptions import SUBSCRIPTIONS

    return SUBSCRIPTIONS


def _applications_state(_parts: Parts, session: Session) -> Iterator[Again]:
    from singo.applications import restating

    return restating.state(session)


def _applications_jobs(parts: Parts) -> Sequence[Job]:
    from singo.applications import jobs

    return [
        Job("applications.finish_signing", parts.settings.job_interval_seconds, lambda _stop: jobs.finish_signing(parts.signing)),
        Job("applications.forget_unused_files", TIDYING, lambda _stop: jobs.forget_unused_files(parts.db, parts.means)),
    ]


def _complaints(parts: Parts) -> Sequence[Served]:
    from chassis.rpc import Served
    from malang.singo.v1.complaints_pb2_grpc import add_ComplaintsServicer_to_server

    from singo.complaints.rpc import ComplaintsServicer

    servicer = ComplaintsServicer(parts.db, parts.complaint_means)
    return [Served(add_ComplaintsServicer_to_server, servicer, "malang.singo.v1.Complaints")]


def _complaints_subscriptions(parts: Parts) -> Sequence[Subscription]:
    from singo.complaints.subscriptions import Listener

    return Listener(parts.complaint_means).subscriptions()


def _complaints_state(_parts: Parts, session: Session) -> Iterator[Again]:
    from singo.complaints import restating

    return restating.state(session)


def _complaints_jobs(parts: Parts) -> Sequence[Job]:
    from singo.complaints import jobs

    means = parts.complaint_means
    return [Job("complaints.forget_unused_photos", TIDYING, lambda _stop: jobs.forget_unused_photos(parts.db, means))]


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
    Capability("charter", served=_charter),
    Capability("letters", served=_letters, jobs=_letters_jobs, state=_letters_state),
    Capability(
        "applications",
        served=_applications,
        subscriptions=_applications_subscriptions,
        jobs=_applications_jobs,
        state=_applications_state,
    ),
    Capability(
        "complaints", served=_complaints, subscriptions=_complaints_subscriptions, jobs=_complaints_jobs, state=_complaints_state
    ),
    Capability("platform", served=_platform),
)
SERVICE = Service("singo", Settings, MIGRATIONS, Parts, CAPABILITIES)
