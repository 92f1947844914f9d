"""The facts as an AsyncAPI 3 document, from the descriptors of proto/ and the table of docs/facts.md."""

from dataclasses import dataclass
from typing import Any

from deploy.images.naming import ROOT, SERVICES, version
from deploy.release.proto import definition

_PROTOBUF = "application/vnd.google.protobuf;version=3"
_HEADERS = {  # of each record: CloudEvents 1.0 in binary mode
    "ce_specversion": {"type": "string", "const": "1.0"},
    "ce_id": {"type": "string", "format": "uuid", "description": "Says which fact it is; one that comes again has the same"},
    "ce_type": {"type": "string", "description": "Name of the message"},
    "ce_source": {"type": "string", "description": "Service that says it"},
    "ce_time": {"type": "string", "format": "date-time", "description": "When it became true, UTC"},
    "ce_subject": {"type": "string", "description": "The thing whose order matters; the record's key as well"},
    "ce_sequence": {
        "type": "string",
        "pattern": "^[0-9]+$",
        "description": "Version of that thing; what is not newer changes nothing",
    },
    "ce_restated": {
        "type": "string",
        "const": "true",
        "description": "A state that was said before, so that a projection is rebuilt",
    },
    "traceparent": {"type": "string", "description": "W3C trace context"},
    "content-type": {"type": "string", "const": "application/protobuf"},
}


@dataclass(frozen=True)
class Fact:
    """A row of docs/facts.md."""

    name: str
    topic: str
    key: str
    producer: str
    consumers: tuple[str, ...]
    personal: str

    @property
    def short(self) -> str:
        """Return the message's own name."""
        return self.name.rpartition(".")[2]


def facts() -> list[Fact]:
    """Return the rows of docs/facts.md, which a test holds to the code."""
    lines = (ROOT / "docs" / "facts.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")]
    return [
        Fact(name.strip("`"), topic, key, producer, tuple(each for each in consumers.split(", ") if each in SERVICES), personal)
        for name, topic, key, producer, consumers, personal in rows
    ]


def document() -> dict[str, Any]:
    """Return the whole AsyncAPI document."""
    said = facts()
    topics = sorted({fact.topic for fact in said})
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Singo + Twuin: facts", "version": version(),
            "description": "What gateway, singo and twuin tell each other, one topic a capability. Ids only, never personal data in the clear.",
        },
        "defaultContentType": "application/protobuf",
        "channels": {topic: _channel(topic, [fact for fact in said if fact.topic == topic]) for topic in topics},
        "operations": {name: operation for topic in topics for name, operation in _operations(topic, said)},
        "components": {
            "messages": {fact.short: _message(fact) for fact in said},
            "schemas": {"headers": {"type": "object", "required": sorted(_HEADERS.keys() - {"ce_restated"}), "properties": _HEADERS}},
        },
    }  # fmt: skip


def _channel(topic: str, said: list[Fact]) -> dict[str, Any]:
    return {
        "address": topic,
        "messages": {fact.short: {"$ref": f"#/components/messages/{fact.short}"} for fact in said},
        "bindings": {"kafka": {"topic": topic, "bindingVersion": "0.5.0"}},
    }


def _operations(topic: str, said: list[Fact]) -> list[tuple[str, dict[str, Any]]]:
    """Return who sends what to a topic, and who receives what from it."""
    here = [fact for fact in said if fact.topic == topic]
    parts = [(service, "send", [fact for fact in here if fact.producer == service]) for service in SERVICES]
    parts += [(service, "receive", [fact for fact in here if service in fact.consumers]) for service in SERVICES]
    return [
        (
            f"{service}.{action}.{topic}",
            {
                "action": action, "channel": {"$ref": f"#/channels/{topic}"}, "tags": [{"name": service}],
                "messages": [{"$ref": f"#/channels/{topic}/messages/{fact.short}"} for fact in chosen],
            },
        )
        for service, action, chosen in parts if chosen
    ]  # fmt: skip


def _message(fact: Fact) -> dict[str, Any]:
    return {
        "name": fact.name, "title": fact.short, "contentType": "application/protobuf",
        "description": f"Personal data: {fact.personal}",
        "headers": {"$ref": "#/components/schemas/headers"},
        "payload": {"schemaFormat": _PROTOBUF, "schema": definition(fact.name)},
        "bindings": {"kafka": {"key": {"type": "string", "description": fact.key}, "bindingVersion": "0.5.0"}},
    }  # fmt: skip
