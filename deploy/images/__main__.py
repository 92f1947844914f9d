"""`make images`: build the image of each service, write its bill of materials, and print how large it is and how fast it starts."""

import argparse
import os
import subprocess
import sys
import time

from deploy.compose.standin import Failed, docker
from deploy.images import materials, starting
from deploy.images.naming import ROOT, SERVICES, image, revision, tag, version

BASE = os.environ.get("PYTHON_IMAGE", "python:3.13-slim")


def main() -> int:
    """Build the services that the command line names, all by default; 1 with the builder's last words when one fails."""
    options = argparse.ArgumentParser(prog="python -m deploy.images", description=__doc__)
    options.add_argument("service", nargs="*", choices=[[], *SERVICES])
    chosen = options.parse_args().service or SERVICES
    os.environ["IMAGE_TAG"] = tag()  # one name for all, whatever is committed meanwhile
    try:
        rows = [(service, *_built(service)) for service in chosen]
        starts = starting.measure(chosen)
    except Failed as wrong:
        print(f"images: {wrong}", file=sys.stderr)
        return 1
    print(f"\n{'image':<44} {'MB':>6} {'over base':>10} {'build s':>8} {'start s':>8}")
    for service, size, over, took in rows:
        print(f"{image(service):<44} {size / 1e6:>6.0f} {over / 1e6:>10.1f} {took:>8.1f} {starts[service]:>8.2f}")
    print(f"\nBase {BASE}. Bills of materials: dist/images/<service>.cdx.json")
    return 0


def _built(service: str) -> tuple[int, int, float]:
    """Build an image; return its bytes, those over the base, and the seconds that it took."""
    began = time.monotonic()
    build(service)
    took = time.monotonic() - began
    file = ROOT / "dist" / "images" / f"{service}.cdx.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(materials.bill(service))
    whole = size(image(service))
    return whole, whole - size(BASE), took


def build(service: str, name: str = "", *options: str) -> None:
    """Build the image of a service from this checkout, as `name` or what it is called; options are the builder's own."""
    print(f"· {name or image(service)}", flush=True)
    said = {"PYTHON_IMAGE": BASE, "VERSION": version(), "REVISION": revision()}
    given = [word for key, value in said.items() for word in ("--build-arg", f"{key}={value}")]
    argv = ["docker", "build", "-q", "-t", name or image(service), "-f", f"services/{service}/Dockerfile", *given, *options, "."]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{service} was not built:\n{(done.stdout + done.stderr)[-2000:]}")


def size(name: str) -> int:
    """Return the bytes of all layers of an image."""
    return int(docker("image", "inspect", "--format", "{{.Size}}", name))


if __name__ == "__main__":
    sys.exit(main())
