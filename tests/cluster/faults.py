"""Real faults on the running platform, each taken back at the end of its block."""

import subprocess
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from deploy.cluster.kube import NAMESPACE, ask, kubectl, rolled_out
from tests.cluster.outcome import sql

RIGHTS = "select, insert, update, delete"  # that the role which works with the tables has on each


@contextmanager
def scaled_away(workload: str) -> Iterator[None]:
    """Leave no pod of a workload (deployment/… or statefulset/…)."""
    before = ask("get", workload)["spec"]["replicas"]
    kubectl("scale", workload, "--replicas=0")
    try:
        yield
    finally:
        kubectl("scale", workload, f"--replicas={before}")
        rolled_out(workload)


@contextmanager
def locked(database: str, table: str) -> Iterator[None]:
    """Hold a table, as a transaction does that somebody forgot."""
    name = f"fault-{uuid.uuid4().hex[:8]}"
    said = f"set application_name = '{name}'; begin; lock table {table} in access exclusive mode; select pg_sleep(900)"
    argv = ["kubectl", "-n", NAMESPACE, "exec", "postgres-0", "--", "psql", "-U", "postgres", "-d", database, "-c", said]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as session:
        try:
            held = f"select count(*) from pg_locks l join pg_stat_activity a using (pid) where a.application_name = '{name}'"
            until = time.monotonic() + 30
            while sql(database, f"{held} and l.mode = 'AccessExclusiveLock' and l.granted") == "0":
                assert time.monotonic() < until, f"{table} could not be locked"
                time.sleep(0.2)
            yield
        finally:
            sql(database, f"select pg_terminate_backend(pid) from pg_stat_activity where application_name = '{name}'")
            session.wait(30)


@contextmanager
def denied(database: str, table: str) -> Iterator[None]:
    """Take the rights on a table from the role that works with it, as a wrong migration would."""
    sql(database, f"revoke {RIGHTS} on {table} from {database}")
    try:
        yield
    finally:
        sql(database, f"grant {RIGHTS} on {table} to {database}")


@contextmanager
def booked_by_hand(rupiah: int) -> Iterator[None]:
    """Write a transfer that stands for no bill into twuin's ledger."""
    reference = uuid.uuid4()
    sql("twuin", f"insert into transfers values ('{reference}', 'use', '{reference}', 1100, 4100, {rupiah}, now())")
    try:
        yield
    finally:
        # The table refuses that nobody may do; only its own server's superuser can, without triggers.
        sql(
            "twuin",
            f"begin; set local session_replication_role = replica; delete from transfers where reference = '{reference}'; commit",
        )


@contextmanager
def crowd(url: str, people: int, token: str = "") -> Iterator[None]:
    """Let so many people ask for one page at once, each again as soon as they are answered."""
    stop = threading.Event()
    threads = [threading.Thread(target=_insist, args=(url, token, stop), daemon=True) for _ in range(people)]
    for each in threads:
        each.start()
    try:
        yield
    finally:
        stop.set()
        for each in threads:
            each.join(40)


def _insist(url: str, token: str, stop: threading.Event) -> None:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    while not stop.is_set():
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                answer.read()
        except urllib.error.HTTPError as refused:
            refused.read()
        except OSError:
            stop.wait(0.2)
