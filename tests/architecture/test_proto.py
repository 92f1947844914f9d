"""The proto gate itself: what it lets pass and what it stops."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import proto_gate


@pytest.fixture
def released():
    return proto_gate.read(proto_gate.GENERATED / "malang" / "descriptors.binpb")


def message(files, name):
    return next(m for f in files.file for m in f.message_type if m.name == name)


def test_an_added_field_is_no_break(released):
    changed = type(released).FromString(released.SerializeToString())
    message(changed, "BillIssued").field.add(name="note", number=99, type=9, label=1)
    assert proto_gate.breaks(released, changed) == []


@pytest.mark.parametrize("change", ["number", "type", "name", "gone"])
def test_a_changed_or_lost_field_is_a_break(released, change):
    changed = type(released).FromString(released.SerializeToString())
    fields = message(changed, "BillIssued").field
    if change == "gone":
        del fields[4]
    else:
        setattr(fields[4], change, {"number": 77, "type": 9, "name": "other"}[change])
    assert any("BillIssued#5" in sentence for sentence in proto_gate.breaks(released, changed))


def test_a_lost_method_is_a_break(released):
    changed = type(released).FromString(released.SerializeToString())
    service = next(s for f in changed.file for s in f.service if s.name == "Billing")
    del service.method[0]
    assert any("rpc malang.twuin.v1.Billing/" in sentence for sentence in proto_gate.breaks(released, changed))


def test_drift_names_the_file_that_differs(tmp_path):
    fresh, committed = tmp_path / "fresh", tmp_path / "committed"
    for folder in (fresh, committed):
        folder.mkdir()
        (folder / "a_pb2.py").write_text("same")
    (committed / "b_pb2.py").write_text("left over")
    (committed / "a_pb2.py").write_text("edited by hand")
    assert proto_gate.drift(fresh, committed) == ["a_pb2.py", "b_pb2.py"]
