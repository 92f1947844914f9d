"""Errand 3 as one trace: from the browser's request over both services, their relays and the bus to the citizen's inbox."""

import base64
import re
from pathlib import Path

import orjson
import pytest
from running import started, wait_for

from deploy.local import across, trace, visitors

REPORT = "POST /api/v1/complaints"
THROUGH = {"gateway-web", "singo-rpc", "singo-relay", "twuin-consume", "twuin-relay", "singo-consume", "gateway-consume"}
# Sixteen digits, or a phone number: nothing that an attribute says may look like one.
PERSONAL = re.compile(r"(?<![0-9a-f-])(\d{16}|(\+?62|0)8\d{8,11})(?![0-9a-f])")


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file in which a platform left its traces while a citizen reported a leak, until the last effect."""
    home = tmp_path_factory.mktemp("traced")
    file = home / "traces.jsonl"
    with started("postgresql", home / "local", {"TRACES": f"file:{file}"}) as platform:
        citizen, _ = visitors.register(platform.url, platform.signins["people"], platform.home)
        photo = {"file_name": "bocor.png", "content": base64.b64encode(visitors.picture()).decode()}
        position = {"latitude": across.MIDST[0], "longitude": across.MIDST[1]}
        report = {"category": "water_leak", "text": "Air keluar dari tanah.", "kelurahan": across.KELURAHAN, "position": position}
        citizen.call("POST", "/complaints", report | {"photos": [photo]}, expect=201)
        wait_for(lambda: {span.process for span in reported(file)} >= THROUGH, seconds=120)
    return file


def reported(file: Path) -> list[trace.Span]:
    """Return the trace of the first report."""
    if not file.exists():
        return []
    with file.open(encoding="utf-8") as lines:
        spans = trace.read(lines)
    return next((trace.choose(spans, span.trace) for span in spans if span.name == REPORT), [])


def test_a_report_is_one_trace_over_all_services_and_the_bus(traces):
    spans = reported(traces)
    assert {span.process for span in spans} == THROUGH
    known = {span.id: span for span in spans}
    (root,) = (span for span in spans if not span.parent)
    assert (root.process, root.name) == ("gateway-web", REPORT)
    assert [span.name for span in spans if span.parent and span.parent not in known] == []
    assert [span.name for span in spans if span.failed] == []
    effects = {(known[span.parent].process, span.process, span.name) for span in spans if span.name.startswith("process ")}
    assert ("singo-relay", "twuin-consume", "process singo.complaints") in effects
    assert ("twuin-relay", "singo-consume", "process twuin.leaks") in effects
    assert ("singo-relay", "gateway-consume", "process singo.complaints") in effects


def test_no_trace_says_anything_of_a_person(traces):
    said = [
        orjson.dumps(span["attributes"]).decode()
        for line in traces.read_bytes().splitlines()
        for resource in orjson.loads(line)["resourceSpans"]
        for span in resource["scopeSpans"][0]["spans"]
    ]
    assert len(said) > 25
    assert [each for each in said if PERSONAL.search(each)] == []


def test_the_picture_shows_every_span(traces):
    spans = reported(traces)
    picture = trace.draw(spans)
    assert picture.count("<rect ") == len(spans) + 1
    assert all(f">{process}<" in picture for process in THROUGH)
