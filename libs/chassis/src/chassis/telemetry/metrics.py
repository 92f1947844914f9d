"""One scrape of this process's Prometheus metrics, or of all its siblings when a server forks workers."""

from __future__ import annotations

import prometheus_client
from prometheus_client import CollectorRegistry

from chassis.settings import metrics_shared


def registry() -> CollectorRegistry:
    """Return the registry to scrape: a fresh one over the shared folder where PROMETHEUS_MULTIPROC_DIR is set."""
    if not metrics_shared():
        return prometheus_client.REGISTRY
    from prometheus_client import multiprocess

    fresh = CollectorRegistry(support_collectors_without_names=True)
    multiprocess.MultiProcessCollector(fresh)  # type: ignore[no-untyped-call]  # the library leaves it unannotated
    return fresh


def mark_process_dead(pid: int) -> None:
    """Forget the live gauges of a worker that ended."""
    if metrics_shared():
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]  # as above
