"""What the images are called."""

import os
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("gateway", "singo", "twuin")


def version() -> str:
    """Return the version of the platform; its packages carry one and the same."""
    return str(tomllib.loads((ROOT / "services/gateway/pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def revision() -> str:
    """Return the commit of this checkout."""
    return _git("rev-parse", "HEAD")


def tag() -> str:
    """Return the images' tag: IMAGE_TAG, or version and commit; a change that is in no commit shows."""
    changed = "-changed" if _git("status", "--porcelain", "--untracked-files=no") else ""
    return os.environ.get("IMAGE_TAG") or f"{version()}-{revision()[:12]}{changed}"


def image(service: str) -> str:
    """Return the name of a service's image, IMAGE_PREFIX before it."""
    return f"{os.environ.get('IMAGE_PREFIX', 'malang')}/{service}:{tag()}"


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
