from __future__ import annotations

import datetime as dt
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from chassis import clock
from chassis.files import FileStore


@pytest.fixture(params=["folder", "memory"])
def store(request, tmp_path) -> FileStore:
    """A folder, and an object store (fsspec's own in memory, which takes the same way as S3)."""
    return FileStore(str(tmp_path / "files") if request.param == "folder" else f"memory://bucket-{uuid.uuid4().hex}/prefix")


def test_what_is_put_comes_back(store):
    store.put("a/b/c.bin", b"one")
    assert store.get("a/b/c.bin") == b"one"
    assert store.exists("a/b/c.bin")
    store.put("a/b/c.bin", b"two")
    assert store.get("a/b/c.bin") == b"two"


def test_what_is_not_there_is_said_so(store):
    assert not store.exists("a/none")
    with pytest.raises(FileNotFoundError):
        store.get("a/none")
    store.delete("a/none")
    assert list(store.under("a")) == []


def test_files_are_listed_with_size_and_age(store):
    store.put("a/1", b"x")
    store.put("a/b/2", b"xyz")
    store.put("c/3", b"")
    assert {each.path: each.size for each in store.under("a")} == {"a/1": 1, "a/b/2": 3}
    for each in store.under("a"):
        assert abs(clock.now() - each.changed_at) < dt.timedelta(minutes=1)
    store.delete("a/1")
    assert [each.path for each in store.under("a")] == ["a/b/2"]


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", "a//b", "./a", ""])
def test_a_path_stays_below_the_root(store, path):
    with pytest.raises(ValueError, match="relative path"):
        store.put(path, b"x")


def test_a_file_is_whole_or_not_there(tmp_path):
    store = FileStore(str(tmp_path))
    contents = [bytes([place]) * 200_000 for place in range(8)]

    def write(content):
        for _ in range(5):
            store.put("d/one", content)

    with ThreadPoolExecutor(4) as threads:
        writing = [threads.submit(write, content) for content in contents]
        while not all(each.done() for each in writing):
            if store.exists("d/one"):
                assert store.get("d/one") in contents
    assert [each.path for each in store.under("d")] == ["d/one"]


def test_nothing_is_deleted_while_a_backup_holds_the_folder(tmp_path):
    import fcntl

    from chassis.files import HOLD

    store = FileStore(str(tmp_path / "files"))
    store.put("a/1", b"x")
    with (tmp_path / "files" / HOLD).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        store.delete("a/1")
        store.put("a/2", b"y")
        assert store.get("a/1") == b"x"
    store.delete("a/1")
    assert not store.exists("a/1")
    assert {each.path for each in store.under("a")} == {"a/2"}
