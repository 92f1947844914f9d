"""`make release`: what a version is, in one folder dist/<version>/: contracts, manifests, bills of materials, checksums."""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.cluster.kube import Refused
from deploy.cluster.manifests import render
from deploy.compose.standin import Failed, docker
from deploy.images import materials
from deploy.images.naming import ROOT, SERVICES, image, revision, tag, version
from deploy.release import facts
from deploy.release.proto import DESCRIPTORS

OVERLAYS = ("local", "production")
# The API's document asks no engine for anything; these only satisfy the settings.
_NOTHING = {
    "DATABASE_URL": "postgresql://localhost/none", "EVENT_BUS_URL": "postgresql://localhost/none", "GATEWAY_VAULT_KEYS": f"k1:{'A' * 43}=",
    "GATEWAY_INDEX_KEY": f"{'B' * 42}A=", "GATEWAY_SECRET": "A" * 32, "GATEWAY_REGISTRY_URL": "https://registry.invalid",
    "GATEWAY_REGISTRY_USER": "none", "GATEWAY_REGISTRY_PASSWORD": "none", "GATEWAY_SMS_URL": "https://sms.invalid",
    "GATEWAY_SMS_TOKEN": "none",
}  # fmt: skip


def main() -> int:
    """Write the release of this checkout; 1 with a sentence where something of it is missing."""
    options = argparse.ArgumentParser(prog="python -m deploy.release", description=__doc__)
    options.add_argument("folder", nargs="?", type=Path, default=ROOT / "dist" / version())
    folder = options.parse_args().folder
    os.environ["IMAGE_TAG"] = tag()
    try:
        shutil.rmtree(folder, ignore_errors=True)
        write(folder)
        bills(folder)
        seal(folder)
    except (Failed, Refused) as wrong:
        print(f"release: {wrong}", file=sys.stderr)
        return 1
    print((folder / "SHA256SUMS").read_text(encoding="utf-8") + f"\n{version()} ({revision()[:12]}) in {folder}")
    return 0


def write(folder: Path) -> None:
    """Write what follows from the sources alone: the same bytes for the same commit and tag."""
    folder.mkdir(parents=True)
    _json(folder / "openapi.json", json.loads(_openapi()))
    _json(folder / "asyncapi.json", facts.document())
    (folder / "descriptors.binpb").write_bytes(DESCRIPTORS.read_bytes())
    shutil.copyfile(ROOT / "deploy" / "compose" / "compose.yaml", folder / "compose.yaml")
    shutil.copyfile(ROOT / "deploy" / "compose" / "databases.sh", folder / "databases.sh")
    for overlay in OVERLAYS:
        (folder / f"kubernetes-{overlay}.yaml").write_text(render(overlay, {f"malang/{each}": image(each) for each in SERVICES}))
    _json(
        folder / "release.json", {"version": version(), "revision": revision(), "images": {each: image(each) for each in SERVICES}}
    )


def bills(folder: Path) -> None:
    """Write the bill of materials of each image; Failed where the images of this commit are not built."""
    for service in SERVICES:
        if not docker("images", "--quiet", image(service)).strip():
            raise Failed(f"{image(service)} is not built: `make images` first")
        (folder / f"{service}.cdx.json").write_bytes(materials.bill(service))


def seal(folder: Path) -> None:
    """Write the checksums, and give every file the instant of the commit."""
    files = sorted(each for each in folder.iterdir() if each.name != "SHA256SUMS")
    lines = [f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n" for each in files]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")
    instant = int(os.environ.get("SOURCE_DATE_EPOCH") or _git("log", "-1", "--format=%ct"))
    for each in [*folder.iterdir(), folder]:
        os.utime(each, (instant, instant))


def _openapi() -> bytes:
    environment = {"PATH": os.environ["PATH"], **_NOTHING}
    done = subprocess.run([sys.executable, "-m", "gateway", "openapi"], cwd=ROOT, env=environment, capture_output=True, check=False)
    if done.returncode:
        raise Failed(f"the API's document was not made: {done.stderr.decode()[-1000:]}")
    return done.stdout


def _json(file: Path, value: object) -> None:
    file.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
