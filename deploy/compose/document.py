"""The compose file as its engine's stand-in reads it: exactly the keys that it uses; any other is refused, not passed over."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import yaml

FILE = Path(__file__).with_name("compose.yaml")
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<how>[-?])(?P<word>[^}]*))?\}")


class Health(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a service is asked whether it is healthy."""

    test: list[str]
    interval: str
    timeout: str
    retries: int

    @property
    def command(self) -> str:
        """Return the test as a shell runs it."""
        if self.test[0] != "CMD":
            raise ValueError(f"healthcheck: {self.test[0]} is not understood, CMD is")
        return shlex.join(self.test[1:])


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must be true of another service first: service_healthy or service_completed_successfully."""

    condition: str


class Service(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A service of the file, its variables filled in."""

    image: str
    command: list[str] = []
    environment: dict[str, str] = {}
    volumes: list[str] = []
    ports: list[str] = []
    depends_on: dict[str, Condition] = {}
    healthcheck: Health | None = None
    restart: str = "no"
    read_only: bool = False
    tmpfs: list[str] = []
    cap_drop: list[str] = []
    security_opt: list[str] = []
    stop_grace_period: str = "10s"


@dataclass(frozen=True)
class Document:
    """What the file says, and where its relative paths begin."""

    name: str
    services: dict[str, Service]
    volumes: list[str]
    folder: Path = field(default=FILE.parent)

    def in_order(self) -> Iterator[tuple[str, Service]]:
        """Yield each service after those it depends on."""
        done: set[str] = set()
        while len(done) < len(self.services):
            free = [name for name, one in self.services.items() if name not in done and one.depends_on.keys() <= done]
            if not free:
                raise ValueError(f"depends_on: a circle, or a name that is no service, in {sorted(self.services.keys() - done)}")
            for name in free:
                done.add(name)
                yield name, self.services[name]


def read(given: Mapping[str, str], file: Path = FILE) -> Document:
    """Return the document with the variables that `given` holds; ValueError for what the stand-in does not understand."""
    raw: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    if unknown := {key for key in raw if not key.startswith("x-")} - {"name", "services", "volumes"}:
        raise ValueError(f"not understood: {', '.join(sorted(unknown))}")
    if named := [name for name, how in raw["volumes"].items() if how]:
        raise ValueError(f"volumes: options of {', '.join(named)} are not understood")
    services = msgspec.convert(filled(raw["services"], given), dict[str, Service])
    return Document(str(raw["name"]), services, list(raw["volumes"]), file.parent)


def filled(value: Any, given: Mapping[str, str]) -> Any:
    """Return a value of the file with every ${NAME}, ${NAME:-word} and ${NAME:?word} in it replaced."""
    if isinstance(value, dict):
        return {key: filled(each, given) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, given) for each in value]
    if not isinstance(value, str):
        return value
    return _VARIABLE.sub(lambda found: _word(found, given), value)


def _word(found: re.Match[str], given: Mapping[str, str]) -> str:
    name, how, word = found["name"], found["how"], found["word"]
    if given.get(name):
        return given[name]
    if how == "-":
        return str(word)
    if how == "?":
        raise ValueError(f"{name} is not set: {word}")
    raise ValueError(f"{name} is not set")
