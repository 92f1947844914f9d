"""A release says what the code says, in documents that their own standards accept, with the same bytes each time."""

import hashlib
import json
import shutil
from pathlib import Path

import jsonschema
import pytest
from chassis import testing
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorSet
from grpc_tools import protoc

from deploy.release import __main__ as release
from deploy.release import facts
from deploy.release.proto import DESCRIPTORS, definition

HERE = Path(__file__).parent


def test_the_asyncapi_document_satisfies_the_standards_own_schema():
    schema = json.loads((HERE / "asyncapi/3.0.0.json").read_text())
    assert [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(facts.document())] == []


def test_that_schema_refuses_a_document_that_breaks_the_standard():
    broken = facts.document() | {"operations": {"gateway.send": {"action": "shout"}}}
    schema = json.loads((HERE / "asyncapi/3.0.0.json").read_text())
    assert not jsonschema.Draft7Validator(schema).is_valid(broken)


def test_each_fact_has_one_sender_and_the_receivers_that_subscribe():
    operations = facts.document()["operations"]

    def services(action: str, fact: facts.Fact) -> set[str]:
        message = {"$ref": f"#/channels/{fact.topic}/messages/{fact.short}"}
        return {name.split(".")[0] for name, each in operations.items() if each["action"] == action and message in each["messages"]}

    for fact in facts.facts():
        assert services("send", fact) == {fact.producer}
        assert services("receive", fact) == set(fact.consumers)


@pytest.mark.parametrize("name", [fact.name for fact in facts.facts()])
def test_the_text_of_a_fact_compiles_to_what_is_released(name, tmp_path):
    (tmp_path / "fact.proto").write_text(definition(name))
    include = Path(protoc.__file__).parent / "_proto"
    assert (
        protoc.main(["", f"-I{tmp_path}", f"-I{include}", f"--descriptor_set_out={tmp_path / 'out'}", str(tmp_path / "fact.proto")])
        == 0
    )
    compiled = FileDescriptorSet.FromString((tmp_path / "out").read_bytes()).file[0]
    assert fields(compiled.message_type[0]) == fields(_released(name))


def _released(name: str) -> DescriptorProto:
    files = FileDescriptorSet.FromString(DESCRIPTORS.read_bytes()).file
    return next(each for file in files for each in file.message_type if f"{file.package}.{each.name}" == name)


def fields(message: DescriptorProto) -> list[tuple[object, ...]]:
    return [(each.name, each.number, each.type, each.label, each.type_name) for each in message.field]


def test_two_releases_of_one_commit_are_the_same_bytes(tmp_path, monkeypatch):
    if shutil.which("kubectl") is None:
        testing.lacking("there is no kubectl on this machine to render the manifests")
    monkeypatch.setenv("IMAGE_TAG", "0-test")
    for name in ("one", "two"):
        release.write(tmp_path / name)
        release.seal(tmp_path / name)
    one, two = (sorted((tmp_path / name).iterdir()) for name in ("one", "two"))
    assert [each.name for each in one] == [each.name for each in two]
    assert {each.name for each in one} >= {
        "openapi.json",
        "asyncapi.json",
        "descriptors.binpb",
        "kubernetes-production.yaml",
        "SHA256SUMS",
    }
    for left, right in zip(one, two, strict=True):
        assert left.read_bytes() == right.read_bytes()
        assert left.stat().st_mtime == right.stat().st_mtime
    sums = dict(reversed(line.split("  ")) for line in (tmp_path / "one/SHA256SUMS").read_text().splitlines())
    assert sums == {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in one if each.name != "SHA256SUMS"}
    assert "0-test" in (tmp_path / "one/kubernetes-local.yaml").read_text()
