"""docs/facts.md says what the code says: each fact, its topic, its consumers."""

import re
from pathlib import Path

import pytest
from chassis.outbox import topic_of
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from singo import app as singo
from twuin import app as twuin

ROOT = Path(__file__).resolve().parents[2]
FILES = FileDescriptorSet.FromString((ROOT / "libs/malang/src/malang/descriptors.binpb").read_bytes()).file
FACTS = {
    f"{file.package}.{message.name}": (file, message)
    for file in FILES
    if file.name.endswith("_events.proto")
    for message in file.message_type
}
ROWS = {
    cells[0].strip("` "): [cell.strip() for cell in cells]
    for line in (ROOT / "docs/facts.md").read_text().splitlines()
    if line.startswith("| `") and (cells := line.strip("|").split("|"))
}


def test_every_fact_is_listed_and_no_other():
    assert set(ROWS) == set(FACTS)


@pytest.mark.parametrize("name", FACTS)
def test_topic_and_key_are_right(name):
    file, message = FACTS[name]
    _, service, _, capability = file.name.removesuffix("_events.proto").split("/")
    assert ROWS[name][1] == f"{service}.{capability}"
    # access facts are keyed by what was looked at
    if not name.endswith("Viewed"):
        assert ROWS[name][2] in {field.name for field in message.field}


def test_whoever_rebuilds_a_projection_finds_a_source_that_says_its_state_again():
    from gateway.errands.subscriptions import subscriptions as errands
    from twuin.new_connections.subscriptions import subscriptions as proofs

    rebuilt = {topic_of(each.fact) for each in (*errands(), *proofs(means=None)) if each.restated}
    able = {
        f"{service.name}.{each.name}"
        for service in (singo.SERVICE, twuin.SERVICE)
        for each in service.capabilities
        if each.state is not None
    }
    assert rebuilt == able


@pytest.mark.parametrize("name", FACTS)
def test_no_fact_has_a_field_for_personal_data(name):
    _, message = FACTS[name]
    banned = re.compile(r"(^|_)(nik|kk|name|phone|address|email|birth)(_|$)")
    allowed = {"address_hash"}
    assert [f.name for f in message.field if banned.search(f.name) and f.name not in allowed] == []
    assert all(f.type != FieldDescriptor.TYPE_BYTES for f in message.field)


@pytest.mark.parametrize("service", ["gateway", "singo", "twuin"])
def test_consumers_are_those_that_subscribe(service):
    source = "\n".join(p.read_text() for p in (ROOT / "services" / service / "src").rglob("subscriptions.py"))
    listed = {name for name, row in ROWS.items() if service in row[4].split(", ")}
    subscribed = {name for name in FACTS if re.search(rf"\b{name.rsplit('.', 1)[1]}\b", source)}
    assert subscribed == listed
