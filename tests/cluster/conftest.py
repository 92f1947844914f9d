"""The platform on the cluster that KUBECONFIG names; without that variable these tests are not asked for."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from chassis.testing import lacking

from deploy.cluster import __main__ as commands
from deploy.cluster.kube import answers, ask, rolled_out
from tests.cluster.load import Errands, Load
from tests.cluster.outcome import Outcome


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def url() -> str:
    """Return the URL of the platform, brought up where it is not there yet."""
    if "KUBECONFIG" not in os.environ:
        pytest.skip("KUBECONFIG names no cluster")
    if not answers():
        lacking("the cluster that KUBECONFIG names does not answer")
    if not ask("get", "deployments")["items"]:
        commands.up()
    rolled_out(*commands.deployments())
    return str(commands.STATE.read("ports")["url"])


@pytest.fixture(scope="module")
def load(url: str) -> Iterator[Load]:
    """Let citizens use the platform while the tests of a module do things to it."""
    with Load(url, commands.STATE.read("signins")) as running:
        yield running


@pytest.fixture(scope="module")
def errands(url: str) -> Iterator[Errands]:
    """Let whole errands be done while the tests of a module do things to the platform."""
    with Errands() as running:
        yield running


@pytest.fixture(scope="session")
def outcome() -> Iterator[Outcome]:
    """Collect what each action cost, and print it as a table."""
    kept = Outcome()
    yield kept
    print("\n" + kept.table())
