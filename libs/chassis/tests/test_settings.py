import subprocess
import sys
from typing import Annotated

import pytest
from chassis import settings
from chassis.settings import Common
from msgspec import Meta

BOTH = {"DATABASE_URL": "postgresql://x", "EVENT_BUS_URL": "postgresql://y"}


class Demo(Common, frozen=True, kw_only=True):
    """Settings of a service in this test."""

    port: Annotated[int, Meta(description="Port to listen on", ge=1, le=65535)] = 8080
    secret_key: Annotated[str, Meta(description="Signs | seals", min_length=8)]
    demo: Annotated[bool, Meta(description="Show demo doors")] = False
    share: Annotated[float, Meta(description="A share")] = 0.5


ENOUGH = BOTH | {"DEMO_SECRET_KEY": "12345678"}


def test_reads_typed_values_and_keeps_defaults():
    read = settings.load(Demo, "DEMO_", ENOUGH | {"DEMO_PORT": "9000", "DEMO_DEMO": "true", "LOG_LEVEL": "debug"})
    assert (read.port, read.demo, read.share, read.log_level, read.database_url) == (9000, True, 0.5, "debug", "postgresql://x")


def test_variables_of_others_are_not_its_business():
    assert settings.load(Demo, "DEMO_", ENOUGH | {"PATH": "/bin", "OTHER_PORT": "x"}).port == 8080


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({}, "DATABASE_URL is required and not set"),
        (BOTH, "DEMO_SECRET_KEY is required and not set"),
        (ENOUGH | {"DEMO_PROT": "1"}, "DEMO_PROT is not a setting"),
        (ENOUGH | {"DEMO_PORT": "many"}, "DEMO_PORT is wrong: expected `int`, got `str`"),
        (ENOUGH | {"DEMO_PORT": "70000"}, "DEMO_PORT is wrong: expected `int` <= 65535"),
        (ENOUGH | {"DEMO_DEMO": "perhaps"}, "DEMO_DEMO is wrong"),
        (ENOUGH | {"LOG_LEVEL": "loud"}, "LOG_LEVEL is wrong"),
        (ENOUGH | {"DEMO_SECRET_KEY": "hunter2"}, "DEMO_SECRET_KEY is wrong"),
    ],
)
def test_a_wrong_setting_is_one_sentence_and_exit_2(environ, sentence, capsys):
    with pytest.raises(SystemExit) as stopped:
        settings.load(Demo, "DEMO_", environ)
    said = capsys.readouterr().err
    assert stopped.value.code == 2
    assert said.startswith(f"settings: {sentence}")
    assert said.count("\n") == 1
    assert "hunter2" not in said


def test_a_process_ends_with_2():
    code = "from chassis import settings; settings.load(settings.Common, 'X_', {})"
    ended = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (2, "settings: DATABASE_URL is required and not set\n")


def test_documents_every_setting():
    table = settings.document(Demo, "DEMO_")
    assert "| `DEMO_PORT` | int | `8080` | Port to listen on |" in table
    assert "| `DEMO_SECRET_KEY` | str | required | Signs / seals |" in table
    assert "| `REDIS_URL` | str | empty |" in table
    assert all(f"`{variable}`" in table for variable in settings.variables(Demo, "DEMO_"))


def test_refuses_to_document_a_setting_without_a_description():
    class Bare(Common, frozen=True, kw_only=True):
        """Has one that says nothing."""

        mystery: int = 1

    with pytest.raises(ValueError, match=r"Bare\.mystery"):
        settings.document(Bare, "BARE_")
