"""`python -m deploy.compose.secrets`: the environment of compose.yaml, with secrets of this machine; no secret is in the repository."""

import os
import secrets
from pathlib import Path

from deploy.images.naming import tag
from deploy.local.state import ROOT, State

STATE = State(ROOT / ".local" / "compose")
PASSWORDS = (
    "POSTGRES_PASSWORD", "REDIS_PASSWORD", "GATEWAY_DATABASE_PASSWORD", "GATEWAY_OWNER_PASSWORD", "SINGO_DATABASE_PASSWORD",
    "SINGO_OWNER_PASSWORD", "TWUIN_DATABASE_PASSWORD", "TWUIN_OWNER_PASSWORD",
)  # fmt: skip
IMAGES = ("IMAGE_PREFIX", "POSTGRES_IMAGE", "REDIS_IMAGE", "KAFKA_IMAGE")
DEMO = {"GATEWAY_DEMO": "true", "GATEWAY_REGISTRY": "simulator", "GATEWAY_SMS": "mailbox"}


def environment(state: State = STATE) -> dict[str, str]:
    """Return every variable that compose.yaml asks for: kept secrets, demo settings, and the images that the caller's own names."""
    state.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept, passwords = state.secrets(), {name: str(value) for name, value in state.read("passwords").items()}
    if missing := [name for name in PASSWORDS if name not in passwords]:
        passwords |= {name: secrets.token_hex(24) for name in missing}
        state.keep("passwords", dict(passwords))
    port = os.environ.get("PORT", "8080")
    return {
        **passwords, **DEMO, **{name: os.environ[name] for name in IMAGES if name in os.environ}, "IMAGE_TAG": tag(),
        "PORT": port, "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "GATEWAY_VAULT_KEYS": f"k1:{kept['gateway_vault']}", "GATEWAY_INDEX_KEY": kept["gateway_index"],
        "GATEWAY_SECRET": kept["gateway_secret"],
        "SINGO_VAULT_KEYS": f"k1:{kept['singo_vault']}", "SINGO_INDEX_KEY": kept["singo_index"],
        "SINGO_ADDRESS_KEY": kept["singo_address"], "SINGO_WORKLOAD_KEYS": f"twuin:k1:{state.public('twuin_workload')}",
        "TWUIN_VAULT_KEYS": f"k1:{kept['twuin_vault']}", "TWUIN_INDEX_KEY": kept["twuin_index"],
        "TWUIN_WORKLOAD_KEY": f"k1:{kept['twuin_workload']}", "TWUIN_PROVIDER_SECRET": kept["provider"],
    }  # fmt: skip


def write(state: State = STATE) -> Path:
    """Write the environment where only its owner reads it, for `docker compose --env-file`; return the file."""
    lines = [f"{name}={value}" for name, value in sorted(environment(state).items())]
    file = state.home / "env"
    file.touch(mode=0o600)
    file.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return file


if __name__ == "__main__":
    print(f"docker compose --env-file {write()} -f deploy/compose/compose.yaml up --detach --wait")
