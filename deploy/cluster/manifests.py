"""The local overlay with the chosen images, as one text."""

import os
import subprocess
import tempfile
from pathlib import Path

from deploy.cluster.kube import Refused

OVERLAYS = Path(__file__).resolve().parents[1] / "k8s" / "overlays"


def render(overlay: str, images: dict[str, str] | None = None) -> str:
    """Return an overlay's manifests as YAML, with some images replaced by others (name:tag)."""
    with tempfile.TemporaryDirectory() as folder:
        lines = ["resources:", f"- {os.path.relpath((OVERLAYS / overlay).resolve(), Path(folder).resolve())}", "images:"]
        for name, image in (images or {}).items():
            new, _, tag = image.rpartition(":")
            lines.append(f"- {{name: {name}, newName: {new}, newTag: '{tag}'}}")
        (Path(folder) / "kustomization.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        done = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(f"kubectl kustomize: {done.stderr.strip()[-1500:]}")
    return done.stdout
