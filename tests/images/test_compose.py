"""The compose file brings up the whole platform in the order of its conditions, and the errands pass on it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from chassis.testing.servers import free_port

from deploy.compose import __main__ as compose
from deploy.compose import secrets
from deploy.compose.document import FILE, read
from deploy.local import demo
from deploy.local.state import ROOT, State


@contextlib.contextmanager
def running(home: Path) -> Iterator[State]:
    state = State(home)
    project = compose.standin(state, secrets.environment(state))
    try:
        project.up()
        compose.seed(project, state)
        yield state
    finally:
        project.down()


@pytest.mark.timeout(1200)
def test_the_errands_pass_on_the_platform_of_the_file(built, tmp_path, monkeypatch):
    monkeypatch.setenv("PORT", str(free_port()))
    with running(tmp_path / "composed") as state:
        assert demo.main(state.home) == 0


def given(tmp_path: Path) -> dict[str, str]:
    return secrets.environment(State(tmp_path / "state"))


def test_the_file_is_read_whole_and_starts_engines_before_migrations_before_processes(tmp_path):
    names = [name for name, _ in read(given(tmp_path)).in_order()]
    assert len(names) == 18
    for service in ("gateway", "singo", "twuin"):
        own = [names.index(f"{service}-{kind}") for kind in ("web" if service == "gateway" else "rpc", "consume", "relay", "jobs")]
        assert names.index("postgres") < names.index(f"{service}-migrate") < min(own)
        assert all(names.index("kafka") < each for each in own[1:])


def test_every_process_is_locked_down(tmp_path):
    for name, service in read(given(tmp_path)).services.items():
        if name in {"postgres", "redis", "kafka"}:
            continue
        assert (service.read_only, service.cap_drop, service.security_opt) == (True, ["ALL"], ["no-new-privileges:true"]), name
        assert not service.image.endswith(":latest")


def test_no_service_holds_another_ones_database_password(tmp_path):
    values = given(tmp_path)
    for name, service in read(values).services.items():
        own = name.partition("-")[0].upper()
        foreign = [
            key for key in secrets.PASSWORDS if key.endswith(("DATABASE_PASSWORD", "OWNER_PASSWORD")) and not key.startswith(own)
        ]
        if name != "postgres":
            assert not [key for key in foreign if values[key] in str(service.environment)], name
        if own.lower() in {"gateway", "singo", "twuin"} and not name.endswith("migrate"):
            assert values[f"{own}_OWNER_PASSWORD"] not in str(service.environment)


def test_secrets_are_made_once_and_read_by_their_owner_only(tmp_path):
    state = State(tmp_path / "state")
    file = secrets.write(state)
    assert file.stat().st_mode & 0o077 == 0
    assert secrets.environment(state) == secrets.environment(state)
    assert secrets.environment(State(tmp_path / "other"))["GATEWAY_SECRET"] != secrets.environment(state)["GATEWAY_SECRET"]


def test_no_secret_stands_in_the_file():
    services = yaml.safe_load(FILE.read_text())["services"]
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            if name.endswith(("PASSWORD", "SECRET", "KEY", "KEYS")):
                assert value.startswith("${"), name
    assert FILE.is_relative_to(ROOT)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("networks: {}\n", "networks"),
        ("  other:\n    image: x\n    privileged: true\n", "privileged"),
        ("  other:\n    image: ${NOBODY_GIVES}\n", "NOBODY_GIVES"),
        (
            "  other:\n    image: x\n    healthcheck: {test: [NONE], interval: 1s, timeout: 1s, retries: 1, start_period: 9s}\n",
            "start_period",
        ),
    ],
)
def test_what_the_stand_in_does_not_understand_is_refused(tmp_path, change, said):
    text = FILE.read_text()
    file = tmp_path / "compose.yaml"
    file.write_text(text.replace("services:\n", f"services:\n{change}", 1) if change.startswith(" ") else text + change)
    with pytest.raises(ValueError, match=said):
        read(given(tmp_path), file)


def test_a_circle_of_conditions_is_refused(tmp_path):
    file = tmp_path / "compose.yaml"
    file.write_text(
        "name: x\nvolumes: {}\nservices:\n"
        "  a: {image: x, depends_on: {b: {condition: service_healthy}}}\n  b: {image: x, depends_on: {a: {condition: service_healthy}}}\n"
    )
    with pytest.raises(ValueError, match="circle"):
        list(read({}, file).in_order())
