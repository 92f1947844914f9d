"""Handlers and shapes of the routes about the platform itself; the services' own rule admits admins only."""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeVar

import msgspec
from chassis import principal
from chassis.errors import NotFound
from chassis.rpc import Failure
from chassis.rpc.failures import of_kind
from chassis.rpc.platform import ADMIN
from flask import g
from google.protobuf.message import Message
from malang.platform.v1.platform_pb2 import GetStatusRequest, ListDeadLettersRequest, RedriveRequest
from msgspec import Struct

from gateway.api import shapes
from gateway.edge.context import platform

T = TypeVar("T")
SERVICES = ("gateway", "singo", "twuin")


class Process(Struct):
    """One running process."""

    name: str
    instance: str
    version: str
    revision: str
    started_at: dt.datetime
    seen_at: dt.datetime
    alive: bool
    ready: bool


class Backlog(Struct):
    """Facts of a topic that wait; the instant of the oldest is known of an outbox."""

    topic: str
    facts: int
    oldest_at: dt.datetime | None


class Job(Struct):
    """How a job last ended."""

    name: str
    outcome: str
    error: str
    ended_at: dt.datetime
    succeeded_at: dt.datetime | None


class Intervention(Struct):
    """What an admin did to the platform."""

    at: dt.datetime
    subject: str
    action: str
    reason: str
    outcome: str


class Service(Struct):
    """How one service is; `failure` says in a sentence that it does not answer."""

    service: str
    failure: str = ""
    version: str = ""
    revision: str = ""
    expected: list[str] = []
    processes: list[Process] = []
    outbox: list[Backlog] = []
    lag: list[Backlog] = []
    dead_letters: int = 0
    jobs: list[Job] = []
    interventions: list[Intervention] = []


class Platform(Struct):
    """How the three services are."""

    services: list[Service]


class DeadLetter(Struct):
    """A fact that waits to be driven again."""

    letter_id: int
    consumer: str
    topic: str
    fact: str
    key: str
    said_at: dt.datetime
    failed_at: dt.datetime
    error: str
    attempts: int


class DeadLetters(Struct):
    """A page of them."""

    letters: list[DeadLetter]
    next_page_token: str


class Redrive(Struct, forbid_unknown_fields=True):
    """Which letter, with those in one line with it (0 = all), and why."""

    reason: str
    letter_id: int = 0


class Redriven(Struct):
    """How many had their effect, and how many are open."""

    resolved: int
    open: int


def status() -> Platform:
    """Ask all three; one that does not answer is said so."""
    _admins_only()
    return Platform([_service(name) for name in SERVICES])


def dead_letters(service: str, page_token: str) -> DeadLetters:
    """List a page."""
    return _shaped(DeadLetters, _of(service).ListDeadLetters(ListDeadLettersRequest(page_token=page_token)))


def redrive(service: str, body: Redrive) -> Redriven:
    """Drive again."""
    if not 0 <= body.letter_id < 2**63:
        raise NotFound
    return _shaped(Redriven, _of(service).Redrive(RedriveRequest(letter_id=body.letter_id, reason=body.reason)))


def _service(name: str) -> Service:
    try:
        return _shaped(Service, platform(name).GetStatus(GetStatusRequest()))
    except Failure as wrong:
        return Service(name, wrong.sentence(g.language))


def _of(service: str) -> Any:
    _admins_only()
    if service not in SERVICES:
        raise NotFound
    return platform(service)


def _admins_only() -> None:
    """Hold the gateway's own answers to the rule that the services have."""
    if not ADMIN.admits(principal.peek()):
        raise of_kind("denied")


def _shaped(kind: type[T], message: Message) -> T:
    return msgspec.convert(shapes.encode(message), kind)
