"""Each image is small, runs as nobody in particular, holds nothing that installs or builds, and starts at once."""

import json
import re
import uuid

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from deploy.compose.standin import docker
from deploy.images import materials, starting
from deploy.images.__main__ import BASE, build, size
from deploy.images.naming import ROOT, SERVICES, image, revision, version
from deploy.images.slim import without_symbols

pytestmark = [pytest.mark.timeout(1200), pytest.mark.usefixtures("built")]
LIMIT = 250_000_000  # bytes over the base
TOOLS = ["pip", "pip3", "easy_install", "gcc", "cc", "c++", "g++", "ld", "make", "cargo", "rustc"]


@pytest.mark.parametrize("service", SERVICES)
def test_it_is_at_most_250_mb_over_its_base(service):
    assert size(image(service)) - size(BASE) <= LIMIT


@pytest.mark.parametrize("service", SERVICES)
def test_it_says_what_it_is(service):
    said = json.loads(docker("image", "inspect", "--format", "{{json .Config}}", image(service)))
    assert said["User"] == "10001:10001"
    labels = {key.removeprefix("org.opencontainers.image."): value for key, value in said["Labels"].items()}
    assert labels["version"] == version()
    assert labels["revision"] == revision()
    assert service in labels["title"]


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_in_it_installs_or_builds(service):
    program = f"""
import importlib.util, shutil, subprocess, sys
print([tool for tool in {TOOLS!r} if shutil.which(tool)])
modules = ("pip", "setuptools", "wheel", "ensurepip")
print([module for module in modules if importlib.util.find_spec(module)])
base = subprocess.run([sys.base_prefix + "/bin/python3", "-c", "import pip"], capture_output=True)
print(base.returncode)
"""
    said = docker("run", "--rm", "--read-only", "--entrypoint", "python", image(service), "-c", program).split("\n")
    assert said[:3] == ["[]", "[]", "1"]


def test_each_becomes_ready_with_a_read_only_root():
    assert set(starting.measure(SERVICES, tries=1)) == set(SERVICES)  # how fast is what `make images` says


@pytest.mark.parametrize("service", SERVICES)
def test_its_bill_of_materials_lists_what_is_locked_and_the_base(service):
    first = materials.bill(service)
    assert first == materials.bill(service)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(first.decode()) is None
    bill = json.loads(first)
    listed = {(each["name"].lower().replace("_", "-").replace(".", "-"), each["version"]) for each in bill["components"]}
    lock = (ROOT / "requirements" / f"{service}.txt").read_text()
    locked = set(re.findall(r"^([a-z0-9-]+)==([^ ;]+) \\$", lock, re.MULTILINE))
    assert locked
    assert locked - listed == set()
    assert any(each.get("purl", "").startswith("pkg:deb/debian/libc6@") for each in bill["components"])
    assert bill["metadata"]["component"]["name"] == service


def test_built_again_from_nothing_it_holds_the_same_bytes():
    program = """
import hashlib, pathlib
for path in sorted(pathlib.Path("/app").rglob("*")):
    if path.is_file():
        print(hashlib.sha256(path.read_bytes()).hexdigest(), path)
"""
    again, base = image("gateway") + "-again", image("gateway") + "-base"
    container = docker("create", BASE).strip()
    try:
        # On a base that nobody built on before; without any cache, the steps of this build would hide those of all others.
        docker("commit", "--change", f"LABEL again={uuid.uuid4()}", container, base)
        build("gateway", again, "--build-arg", f"PYTHON_IMAGE={base}")
        first, second = (
            docker("run", "--rm", "--entrypoint", "python", each, "-c", program).splitlines() for each in (image("gateway"), again)
        )
    finally:
        docker("rm", container)
        docker("image", "rm", "--force", again, base)
    assert len(first) > 1000
    assert set(first) ^ set(second) == set()


def test_a_library_without_symbols_is_all_that_the_loader_reads():
    head = bytearray(64 + 56)
    head[:6] = b"\x7fELF\x02\x01"
    head[32:40] = (64).to_bytes(8, "little")  # the segments begin behind the header
    head[40:48] = (200).to_bytes(8, "little")  # the sections stand at the end
    head[54:58] = (56).to_bytes(2, "little") + (1).to_bytes(2, "little")
    head[64 + 32 : 64 + 40] = (150).to_bytes(8, "little")  # one segment of 150 bytes from the start
    library = bytes(head) + b"code" * 20 + b"symbols" * 30
    slim = without_symbols(library)
    assert len(slim) == 150
    assert slim[40:48] == bytes(8)
    assert without_symbols(b"no library at all" + bytes(100)) == b"no library at all" + bytes(100)
