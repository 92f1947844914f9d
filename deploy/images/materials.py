"""The bill of materials of an image: what is installed in it, as CycloneDX says it."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from deploy.compose.standin import Failed, docker
from deploy.images.naming import ROOT, image

_METADATA = "cd /app/.venv/lib/*/site-packages && tar c *.dist-info"
_PACKAGES = "dpkg-query --show --showformat '${binary:Package} ${Version} ${Architecture}\\n'"


def bill(service: str) -> bytes:
    """Return the CycloneDX JSON of a service's image: its Python environment and the packages of its base; the same bytes each time."""
    document = _environment(service)
    document["components"] += _base(service)
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _environment(service: str) -> dict[str, Any]:
    """Ask cyclonedx-bom about the environment that an image holds, by what its packages say of themselves."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["tar", "x", "-C", folder], input=_metadata(service), check=True)
        interpreter = Path(folder) / "python"  # the image's own runs in the image only; all that is asked of it is its path
        interpreter.write_text(f"#!/bin/sh\necho '{json.dumps([folder])}'\n", encoding="utf-8")
        interpreter.chmod(0o700)
        project = ROOT / "services" / service / "pyproject.toml"
        # A test holds the whole bill against its schema; here that would be nine tenths of the time, for half of the bill.
        options = ["--output-reproducible", "--no-validate", "--pyproject", str(project)]
        argv = [sys.executable, "-m", "cyclonedx_py", "environment", *options, str(interpreter)]
        environment = {key: value for key, value in os.environ.items() if key != "SOURCE_DATE_EPOCH"}
        done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise Failed(f"no bill of materials of {service}: {done.stderr[-1000:]}")
    return dict(json.loads(done.stdout))


def _metadata(service: str) -> bytes:
    """Return a tar of the folders in which the installed packages of an image describe themselves."""
    argv = ["docker", "run", "--rm", "--entrypoint", "sh", image(service), "-c", _METADATA]
    done = subprocess.run(argv, capture_output=True, check=False)
    if done.returncode:
        raise Failed(f"no bill of materials of {service}: {done.stderr.decode(errors='replace')[-1000:]}")
    return done.stdout


def _base(service: str) -> list[dict[str, str]]:
    listed = docker("run", "--rm", "--entrypoint", "sh", image(service), "-c", _PACKAGES).splitlines()
    return [
        {
            "type": "library", "name": name, "version": version, "bom-ref": f"deb:{name}=={version}",
            "purl": f"pkg:deb/debian/{name.partition(':')[0]}@{version}?arch={architecture}",
        }
        for name, version, architecture in (line.split() for line in sorted(listed))
    ]  # fmt: skip
