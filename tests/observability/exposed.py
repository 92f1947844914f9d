"""The metrics that the processes expose, read from the registry that they fill when their code is loaded."""

import importlib

from prometheus_client import REGISTRY

# Where metrics are made: a module that makes one and is not named here fails test_every_metric_is_known.
MODULES = (
    "chassis.cache", "chassis.consumer", "chassis.db", "chassis.process", "chassis.relay", "chassis.rpc", "gateway.edge.shedding",
    "gateway.edge.wiring", "singo.letters.press", "twuin.payments.reconciling",
)  # fmt: skip
SCRAPED = frozenset({"service", "process", "instance", "job", "pod"})  # labels that the scraper adds
BY_PROMETHEUS = {"up": SCRAPED, "ALERTS": SCRAPED | {"alertname", "alertstate", "severity"}}


def metrics() -> dict[str, frozenset[str]]:
    """Return the labels of every series that a query can name."""
    for module in MODULES:
        importlib.import_module(module)
    found = dict(BY_PROMETHEUS)
    for collector in list(REGISTRY._collector_to_names):
        labels = frozenset(getattr(collector, "_labelnames", ())) | SCRAPED
        for name in REGISTRY._collector_to_names[collector]:
            found[name] = labels | ({"le"} if name.endswith("_bucket") else frozenset())
    return found
