"""Writes Prometheus' rules from what the platform promises: `python -m deploy.observability.rules` (`--shrink 60` prints a drill's)."""

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml

from deploy.observability.alerts import STATES
from deploy.observability.slo import (
    ANSWERED,
    BURNS,
    ERRANDS,
    FRESH,
    FRESH_SECONDS,
    QUICK,
    QUICK_SECONDS,
    SERVICES,
    Burn,
    shrunk,
)

FILE = Path(__file__).parent / "prometheus" / "rules.yaml"
HEAD = "# Written by `python -m deploy.observability.rules`.\n"
RUNBOOK = "docs/runbook.md#"
Rule = dict[str, Any]


def span(seconds: int) -> str:
    """Return seconds as Prometheus writes a duration."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def document(burns: tuple[Burn, ...] = BURNS, divisor: int = 1) -> dict[str, Any]:
    """Return all rules; `divisor` shortens how long a state must last before it is told."""
    windows = sorted({seconds for burn in burns for seconds in (burn.long, burn.short)})
    return {
        "groups": [
            {"name": "errands", "rules": [rule for window in windows for rule in _errands(window)]},
            {"name": "processes", "rules": _expected()},
            {"name": "facts", "rules": [_facts(window) for window in windows]},
            {"name": "budgets", "rules": [rule for severity in ("page", "ticket") for rule in _burning(burns, severity)]},
            {"name": "states", "rules": [_state(divisor, **state) for state in STATES]},
        ]
    }


def _expected() -> list[Rule]:
    """Return a series for each process that there must be: one that is gone leaves nothing to look at."""
    return [
        {"record": "process:expected", "expr": "vector(1)", "labels": {"service": service, "process": process}}
        for service, processes in SERVICES.items()
        for process in processes
    ]


def _errands(window: int) -> list[Rule]:
    """Return the shares of requests that failed and that were slow, of each errand; nothing where nobody asked."""
    rules, within = [], span(window)
    for errand, routes in ERRANDS.items():
        asked = f'sum(rate(http_server_seconds_count{{route=~"{routes}"}}[{within}]))'
        failed = f'(sum(rate(http_server_seconds_count{{route=~"{routes}",status=~"5.."}}[{within}])) or vector(0))'
        quick = f'sum(rate(http_server_seconds_bucket{{route=~"{routes}",le="{QUICK_SECONDS}"}}[{within}]))'
        for what, share in (("failed", f"{failed} / ({asked} > 0)"), ("slow", f"1 - {quick} / ({asked} > 0)")):
            rules.append({"record": f"errand:http_{what}:ratio_rate{within}", "expr": share, "labels": {"errand": errand}})
    return rules


def _facts(window: int) -> Rule:
    within = span(window)
    quick = f'sum by (group) (rate(consumer_latency_seconds_bucket{{le="{FRESH_SECONDS}"}}[{within}]))'
    taken = f"sum by (group) (rate(consumer_latency_seconds_count[{within}]))"
    return {"record": f"group:fact_late:ratio_rate{within}", "expr": f"1 - {quick} / ({taken} > 0)"}


def _burning(burns: tuple[Burn, ...], severity: str) -> list[Rule]:
    watched = (
        ("ErrandFailing", "errand:http_failed", ANSWERED, "Requests of errand {{ $labels.errand }} fail: {{ $value | humanizePercentage }}"),
        ("ErrandSlow", "errand:http_slow", QUICK, "Errand {{ $labels.errand }} is slow: {{ $value | humanizePercentage }} take over a second"),
        ("FactsLate", "group:fact_late", FRESH, "Facts reach {{ $labels.group }} late: {{ $value | humanizePercentage }} after 5 s"),
    )  # fmt: skip
    chosen = [burn for burn in burns if burn.severity == severity]
    return [
        _alert(name, " or ".join(_both(record, burn, promised) for burn in chosen), severity, said)
        for name, record, promised, said in watched
    ]


def _both(record: str, burn: Burn, promised: float) -> str:
    """Return that the budget burns too fast over both windows: long enough to matter, and still going on."""
    limit = f"{burn.factor * (1 - promised):.6g}"
    return f"({record}:ratio_rate{span(burn.long)} > {limit} and {record}:ratio_rate{span(burn.short)} > {limit})"


def _state(divisor: int, *, name: str, expr: str, lasts: int, severity: str, says: str) -> Rule:
    return _alert(name, expr, severity, says) | ({"for": span(max(1, lasts // divisor))} if lasts else {})


def _alert(name: str, expr: str, severity: str, says: str) -> Rule:
    notes = {"summary": says, "runbook": f"{RUNBOOK}{name.lower()}"}
    return {"alert": name, "expr": expr, "labels": {"severity": severity}, "annotations": notes}


def written(rules: dict[str, Any]) -> str:
    """Return rules as the file holds them."""
    text: str = yaml.safe_dump(rules, sort_keys=False, width=200, allow_unicode=True)
    return HEAD + text


def main() -> None:
    """Write the file, or print the rules of a drill."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shrink", type=int, default=1, help="divide all windows by this and print")
    divisor = parser.parse_args().shrink
    if divisor > 1:
        sys.stdout.write(written(document(shrunk(BURNS, divisor), divisor)))
    else:
        FILE.write_text(written(document()), encoding="utf-8")


if __name__ == "__main__":
    main()
