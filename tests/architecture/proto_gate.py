"""Hold the generated package to proto/, and proto/ to what was last released.

`python tests/architecture/proto_gate.py` checks; `… release` keeps today's descriptor set as the released one.
"""

import filecmp
import importlib.machinery
import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet

ROOT = Path(__file__).resolve().parents[2]
RELEASED = ROOT / "proto" / "released.binpb"
GENERATED = ROOT / "libs" / "malang" / "src"


def generate(out: Path) -> None:
    """Generate the package below `out`, as `make proto` does."""
    loader = importlib.machinery.SourceFileLoader("generate", str(ROOT / "libs/malang/generate"))
    spec = importlib.util.spec_from_loader("generate", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    if module.main(out):
        raise SystemExit("protoc refused proto/")


def drift(fresh: Path, committed: Path) -> list[str]:
    """Return the generated files that differ between two folders, or stand in only one."""
    names = {
        str(p.relative_to(top))
        for top in (fresh, committed)
        for p in top.rglob("*")
        if p.is_file() and p.suffix != ".pyc" and "egg-info" not in str(p)
    }
    same, _, _ = filecmp.cmpfiles(fresh, committed, sorted(names), shallow=False)
    return sorted(names - set(same))


def breaks(old: FileDescriptorSet, new: FileDescriptorSet) -> list[str]:
    """Return each way in which a peer built on `old` would misread `new`, one sentence each."""
    now = dict(_parts(new))
    found = []
    for name, was in _parts(old):
        if name not in now:
            found.append(f"{name} is gone")
        elif now[name] != was:
            found.append(f"{name} was {was} and is {now[name]}")
    return found


def _parts(files: FileDescriptorSet) -> Iterator[tuple[str, str]]:
    """Yield what must stay: name → shape of each field (by number), enum value and method."""
    for file in files.file:
        if not file.package.startswith("google."):
            yield from _file(file)


def _file(file: FileDescriptorProto) -> Iterator[tuple[str, str]]:
    for message in file.message_type:
        yield from _message(file.package, message)
    for enum in file.enum_type:
        yield from _enum(file.package, enum)
    for service in file.service:
        for rpc in service.method:
            shape = f"{rpc.input_type} → {rpc.output_type} {rpc.client_streaming}{rpc.server_streaming}"
            yield f"rpc {file.package}.{service.name}/{rpc.name}", shape


def _message(scope: str, message: DescriptorProto) -> Iterator[tuple[str, str]]:
    name = f"{scope}.{message.name}"
    yield f"message {name}", "a message"
    for field in message.field:
        shape = f"{field.name} type {field.type}{field.type_name} label {field.label} oneof {field.HasField('oneof_index')}"
        yield f"field {name}#{field.number}", shape
    for inner in message.nested_type:
        yield from _message(name, inner)
    for enum in message.enum_type:
        yield from _enum(name, enum)


def _enum(scope: str, enum: EnumDescriptorProto) -> Iterator[tuple[str, str]]:
    for value in enum.value:
        yield f"value {scope}.{enum.name}#{value.number}", value.name


def read(path: Path) -> FileDescriptorSet:
    """Read a descriptor set."""
    return FileDescriptorSet.FromString(path.read_bytes())


def main() -> int:
    """Check drift and compatibility, or keep a release; 0 when all is well."""
    current = GENERATED / "malang" / "descriptors.binpb"
    if sys.argv[1:] == ["release"]:
        shutil.copy(current, RELEASED)
        return 0
    with tempfile.TemporaryDirectory() as fresh:
        generate(Path(fresh))
        differing = drift(Path(fresh), GENERATED)
    broken = breaks(read(RELEASED), read(current))
    for name in differing:
        print(f"libs/malang/src/{name} is not what proto/ says; run `make proto` and commit", file=sys.stderr)
    for sentence in broken:
        print(f"proto: {sentence}; a released contract only grows", file=sys.stderr)
    if not (differing or broken):
        print("proto: generated code fresh, released contract kept")
    return int(bool(differing or broken))


if __name__ == "__main__":
    sys.exit(main())
