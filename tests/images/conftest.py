import os
from collections.abc import Iterator

import pytest
from chassis import testing
from chassis.testing.servers import engine_answers

from deploy.images import __main__ as images
from deploy.images.naming import SERVICES

TAG = "test"


@pytest.fixture(scope="session")
def built() -> Iterator[str]:
    """Build the three images of this checkout and return their tag; the builder's cache serves what did not change."""
    if not engine_answers():
        testing.lacking("no container engine answers on this machine")
    given = os.environ.get("IMAGE_TAG")
    os.environ["IMAGE_TAG"] = TAG
    for service in SERVICES:
        images.build(service)
    yield TAG
    os.environ.pop("IMAGE_TAG")
    if given:
        os.environ["IMAGE_TAG"] = given
