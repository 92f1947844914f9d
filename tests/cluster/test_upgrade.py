"""An upgrade that renames a column, expand first and contract later, costs the citizens nothing."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from chassis.testing import lacking
from chassis.testing.servers import engine_answers

from deploy.cluster import __main__ as commands
from deploy.cluster import images
from deploy.cluster.manifests import render
from tests.cluster.outcome import caught_up, lost_and_doubled, sql

HERE = Path(__file__).parent / "upgrade"

pytestmark = pytest.mark.usefixtures("errands")


@pytest.fixture(scope="module")
def releases(url: str) -> Iterator[tuple[str, str]]:
    """Build two later releases of singo from the one that runs; afterwards that one runs again, on the tables it knows."""
    if not engine_answers():
        lacking("no container engine to build later releases with")
    before, head = images.running(), sql("singo", "select version_num from alembic_version")
    names = (f"{before['malang/singo']}-expand", f"{before['malang/singo']}-contract")
    for name, step in zip(names, ("expand", "contract"), strict=True):
        built(name, BASE=before["malang/singo"] if step == "expand" else names[0], STEP=step, HEAD=head)
    images.load(list(names))
    yield names
    sql("singo", (HERE / "undo.sql").read_text(encoding="utf-8").replace("HEAD", head))
    commands.release(render("local", before))


def built(name: str, **arguments: str) -> None:
    """Build a release over another: its migration, and in the expanding one the code that knows the new name only."""
    given = [word for key, value in arguments.items() for word in ("--build-arg", f"{key}={value}")]
    argv = ["docker", "build", "-q", "-t", name, *given, str(HERE)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def columns() -> set[str]:
    asked = "select column_name from information_schema.columns where table_name = 'complaint' and column_name ~ '^(reporter_kind|filed_as)$'"
    return set(sql("singo", asked).split())


@pytest.mark.parametrize("step", ["expand", "contract"])
def test_a_release_with_a_migration_fails_no_request(step, releases, load, outcome):
    expand, contract = releases
    later = images.running() | {"malang/singo": expand if step == "expand" else contract}
    with outcome.of(f"release with a migration that {step}s", load) as row:
        commands.release(render("local", later))
    assert columns() == ({"reporter_kind", "filed_as"} if step == "expand" else {"filed_as"})
    assert len(row.answers) > 10
    assert row.failed == []


@pytest.mark.usefixtures("releases")
def test_what_both_versions_wrote_is_there_once_and_under_the_new_name(load):
    caught_up(within=60)
    filed = list(load.filed)
    assert lost_and_doubled(filed) == (0, 0)
    wanted = ",".join(f"'{each}'" for each in filed)
    assert int(sql("singo", f"select count(*) from complaint where filed_as = 'citizen' and id::text in ({wanted})")) == len(filed)


def test_whole_errands_went_through_meanwhile(errands):
    errands.finish()
    assert errands.broken == []
    assert errands.done >= 1
