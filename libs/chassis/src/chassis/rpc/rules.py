"""Who may call a method: every method names the rules that admit a caller, and one without rules admits nobody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc
from google.protobuf import descriptor_pool

from chassis.principal import Principal

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to be admitted, with the name that documentation and tests show."""

    name: str
    admits: Callable[[Principal | None], bool]


@dataclass(frozen=True, slots=True)
class Served:
    """A servicer, the generated function that adds it to a server, and the full name of its service."""

    add: Callable[[Any, grpc.Server], None]
    servicer: object
    full_name: str


ANYONE = Rule("anyone", lambda _who: True)
CITIZEN = Rule("citizen", lambda who: who is not None and who.kind == "citizen")
GUEST = Rule("guest", lambda who: who is not None and who.kind == "guest")  # somebody without an account who proved a phone


def staff(*roles: str) -> Rule:
    """Admit staff who have one of `roles`; any staff when none is named."""
    wanted = frozenset(roles)

    def admits(who: Principal | None) -> bool:
        return who is not None and who.kind == "staff" and (not wanted or not wanted.isdisjoint(who.roles))

    return Rule(f"staff({', '.join(sorted(roles))})", admits)


def workload(*names: str) -> Rule:
    """Admit the named services calling on their own behalf; name at least one."""
    if not names:
        raise ValueError("name the workloads that may call")
    wanted = frozenset(names)
    return Rule(
        f"workload({', '.join(sorted(names))})", lambda who: who is not None and who.kind == "workload" and who.subject in wanted
    )


def access(*rules: Rule) -> Callable[[F], F]:
    """Admit to the decorated method callers whom any of `rules` admits."""
    if not rules:
        raise ValueError("name a rule")

    def mark(method: F) -> F:
        method.__access__ = rules  # type: ignore[attr-defined]  # functions take attributes; their type does not say so
        return method

    return mark


def rules_of(method: Callable[..., Any] | None) -> tuple[Rule, ...]:
    """Return the rules of a servicer's method, none for one that has not been given any."""
    rules: tuple[Rule, ...] = getattr(method, "__access__", ())
    return rules


def unruled(served: Sequence[Served]) -> list[str]:
    """Return the full names of the methods that no rule admits anybody to; a service's tests hold this empty."""
    pool = descriptor_pool.Default()
    return [
        f"{each.full_name}/{method.name}"
        for each in served
        for method in pool.FindServiceByName(each.full_name).methods
        if not rules_of(getattr(each.servicer, method.name, None))
    ]
