"""Writes Grafana's dashboards from code: `python -m deploy.observability.dashboards`. Queries take the scraper's labels service and process."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.observability.slo import ANSWERED, ERRANDS, SERVICES

FOLDER = Path(__file__).parent / "grafana"
SOURCE = {"type": "prometheus", "uid": "${source}"}
WIDTH, HEIGHT = 24, 8
Json = dict[str, Any]


@dataclass(frozen=True)
class Panel:
    """One picture: its queries by legend, its unit, and how wide it is of 24."""

    title: str
    queries: dict[str, str]
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 12


_RATE = "[$__rate_interval]"
_OWN = 'service="$service"'


def _quantile(share: float, metric: str, by: str, matchers: str = "") -> str:
    return f"histogram_quantile({share}, sum by (le, {by}) (rate({metric}_bucket{{{matchers}}}{_RATE})))"


def _of_errand(errand: str, more: str = "") -> str:
    return f'sum(rate(http_server_seconds_count{{route=~"{ERRANDS[errand]}"{more}}}{_RATE}))'


DASHBOARDS: dict[str, tuple[str, tuple[Panel, ...]]] = {
    "platform": ("Platform", (
        Panel("Processes that answer", {"{{service}}-{{process}}": "sum by (service, process) (up)"}, kind="stat"),
        Panel("Alerts that fire", {"{{alertname}} {{severity}}": 'sum by (alertname, severity) (ALERTS{alertstate="firing",alertname!="Watchdog"})'}, kind="table"),
        Panel("Built from", {"{{service}}-{{process}} {{version}} {{revision}}": "count by (service, process, version, revision) (build_info)"}, kind="table"),
        Panel("Budget left, 3 days", {"{{errand}}": f"1 - errand:http_failed:ratio_rate3d / {1 - ANSWERED:.6g}"}, "percentunit", "stat"),
        Panel("Requests", {"{{status}}": f"sum by (status) (rate(http_server_seconds_count{_RATE}))"}, "reqps"),
        Panel("Turned away", {"shed": f"sum(rate(http_shed_total{_RATE}))", "{{upstream}} {{reason}}": f"sum by (upstream, reason) (rate(rpc_client_refused_total{_RATE}))"}, "reqps"),
        Panel("Memory", {"{{service}}-{{process}}": "max by (service, process) (process_resident_memory_bytes)"}, "bytes"),
        Panel("Processor", {"{{service}}-{{process}}": f"sum by (service, process) (rate(process_cpu_seconds_total{_RATE}))"}, "short"),
        Panel("Redis answers", {"{{service}}-{{process}}": "min by (service, process) (cache_available)", "failures {{service}}": f"sum by (service) (rate(cache_failures_total{_RATE}))"}),
        Panel("Jobs: seconds since the last success", {"{{service}} {{name}}": "time() - max by (service, name) (job_last_success_timestamp_seconds)"}, "s"),
    )),
    "service": ("Service", (
        Panel("Calls answered", {"{{status}}": f'sum by (status) (rate(rpc_server_seconds_count{{service="$service"}}{_RATE}))'}, "reqps"),
        Panel("Calls at work", {"{{process}}": 'sum by (process) (rpc_server_running{service="$service"})'}),
        Panel("Slowest methods, 99 of 100", {"{{method}}": f"topk(10, {_quantile(0.99, 'rpc_server_seconds', 'method', _OWN)})"}, "s"),
        Panel("Failures by method", {"{{method}} {{status}}": f'sum by (method, status) (rate(rpc_server_seconds_count{{service="$service",status=~"INTERNAL|UNAVAILABLE|DEADLINE_EXCEEDED|RESOURCE_EXHAUSTED"}}{_RATE}))'}, "reqps"),
        Panel("Calls made, 99 of 100", {"{{method}}": f"topk(10, {_quantile(0.99, 'rpc_client_seconds', 'method', _OWN)})"}, "s"),
        Panel("Database connections in use", {"{{process}}": 'sum by (process) (database_connections_in_use{service="$service"})', "most {{process}}": 'sum by (process) (database_pool_size{service="$service"})'}),
        Panel("Jobs", {"{{name}} {{outcome}}": f'sum by (name, outcome) (rate(job_runs_total{{service="$service"}}{_RATE}))'}, "ops"),
        Panel("Letters: seconds by part, 95 of 100", {"{{part}}": _quantile(0.95, "singo_letter_seconds", "part")}, "s"),
    )),
    "bus": ("Bus", (
        Panel("Outbox: facts that wait", {"{{service}} {{topic}}": "max by (service, topic) (outbox_unsent)"}),
        Panel("Outbox: age of the oldest", {"{{service}} {{topic}}": "max by (service, topic) (outbox_oldest_unsent_seconds)"}, "s"),
        Panel("Sent", {"{{topic}}": f"sum by (topic) (rate(outbox_sent_total{_RATE}))", "not taken by the bus": f"sum(rate(outbox_bus_failures_total{_RATE}))"}, "ops"),
        Panel("Lag", {"{{group}} {{topic}}": "sum by (group, topic) (consumer_lag)"}),
        Panel("From change to effect, 99 of 100", {"{{group}}": _quantile(0.99, "consumer_latency_seconds", "group")}, "s"),
        Panel("Taken", {"{{group}} {{outcome}}": f"sum by (group, outcome) (rate(consumer_facts_total{_RATE}))"}, "ops"),
        Panel("Attempts that failed", {"{{group}} {{type}} {{kind}}": f"sum by (group, type, kind) (rate(consumer_retries_total{_RATE}))"}, "ops"),
        Panel("Dead letters", {"open {{group}}": "max by (group) (consumer_dead_letters_open)", "parked {{consumer}}": f"sum by (consumer) (rate(consumer_dead_letters_total{_RATE}))"}),
    )),
    "errands": ("Errands", (
        Panel("Requests", {errand: _of_errand(errand) for errand in ERRANDS}, "reqps"),
        Panel("Failed", {"{{errand}}": "errand:http_failed:ratio_rate5m"}, "percentunit"),
        Panel("Over a second", {"{{errand}}": "errand:http_slow:ratio_rate5m"}, "percentunit"),
        Panel("Refused for a reason of the person's", {errand: _of_errand(errand, ',status=~"4.."') for errand in ERRANDS}, "reqps"),
        Panel("Steps of errands, as facts reach the gateway", {"{{type}}": f'sum by (type) (rate(consumer_facts_total{{group="gateway",outcome="done"}}{_RATE}))'}, "ops", width=24),
        Panel("Slowest routes, 99 of 100", {"{{route}}": f"topk(10, {_quantile(0.99, 'http_server_seconds', 'route')})"}, "s", width=24),
    )),
    "money": ("Money", (
        Panel("Differences that must be zero", {"{{rule}}": "max by (rule) (abs(money_difference_rupiah))"}, "currencyIDR", "stat"),
        Panel("Must go back", {"rupiah": "max(money_refunds_payable_rupiah)", "payments": "max(payments_to_refund)"}, kind="stat"),
        Panel("Oldest payment without an answer", {"age": "max(payments_oldest_starting_seconds)"}, "s"),
        Panel("Bills and payments, as facts", {"{{topic}}": f'sum by (topic) (rate(outbox_sent_total{{topic=~"twuin.(billing|payments)"}}{_RATE}))'}, "ops"),
        Panel("Callbacks of the provider", {"{{status}}": f'sum by (status) (rate(http_server_seconds_count{{route="/api/v1/payments/callbacks/<provider>"}}{_RATE}))'}, "reqps"),
        Panel("Jobs of money: seconds since the last success", {"{{name}}": 'time() - max by (name) (job_last_success_timestamp_seconds{name=~"payments.*|billing.*"})'}, "s"),
    )),
}  # fmt: skip


def board(name: str) -> Json:
    """Return a dashboard as Grafana's JSON."""
    title, panels = DASHBOARDS[name]
    variables = [{"name": "source", "type": "datasource", "query": "prometheus", "label": "Source"}]
    if name == "service":
        variables.append({"name": "service", "type": "custom", "query": ",".join(SERVICES), "label": "Service"})
    return {
        "uid": f"malang-{name}", "title": f"Singo + Twuin · {title}", "tags": ["malang"], "schemaVersion": 39, "version": 1,
        "editable": False, "time": {"from": "now-6h", "to": "now"}, "refresh": "30s", "timezone": "Asia/Jakarta",
        "templating": {"list": variables}, "panels": list(_placed(panels)),
    }  # fmt: skip


def _placed(panels: tuple[Panel, ...]) -> list[Json]:
    """Return the panels with their places, row by row."""
    placed, x, y = [], 0, 0
    for number, panel in enumerate(panels, 1):
        if x + panel.width > WIDTH:
            x, y = 0, y + HEIGHT
        placed.append(_panel(number, panel, {"x": x, "y": y, "w": panel.width, "h": HEIGHT}))
        x += panel.width
    return placed


def _panel(number: int, panel: Panel, place: Json) -> Json:
    targets = [
        {"refId": chr(ord("A") + index), "expr": query, "legendFormat": legend, "datasource": SOURCE,
         "instant": panel.kind != "timeseries", "range": panel.kind == "timeseries"}
        for index, (legend, query) in enumerate(panel.queries.items())
    ]  # fmt: skip
    return {
        "id": number, "type": panel.kind, "title": panel.title, "gridPos": place, "datasource": SOURCE, "targets": targets,
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []}, "options": {},
    }  # fmt: skip


def written(name: str) -> str:
    """Return a dashboard as its file holds it."""
    return json.dumps(board(name), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the files."""
    for name in DASHBOARDS:
        (FOLDER / f"{name}.json").write_text(written(name), encoding="utf-8")


if __name__ == "__main__":
    main()
