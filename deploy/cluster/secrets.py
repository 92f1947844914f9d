"""The secrets of the local overlay: made once, kept by the cluster and nowhere else."""

import base64
import json
import secrets

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.cluster.kube import ask, kubectl

SERVICES = ("gateway", "singo", "twuin")
MADE_BY = {"app.kubernetes.io/part-of": "malang", "app.kubernetes.io/managed-by": "cluster-up"}


def ensure() -> bool:
    """Make the secrets where there are none; tell whether it did. Data that old ones sealed stays readable."""
    if ask("get", "secret", "postgres", "--ignore-not-found"):
        return False
    kubectl("create", "-f", "-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests(make())}))
    return True


def make() -> dict[str, dict[str, str]]:
    """Return fresh values of every Secret that the local overlay names."""
    own = Ed25519PrivateKey.generate()
    public = base64.b64encode(own.public_key().public_bytes_raw()).decode()
    private = base64.b64encode(own.private_bytes_raw()).decode()
    address = _key()
    made = {
        "gateway": {"GATEWAY_VAULT_KEYS": f"k1:{_key()}", "GATEWAY_INDEX_KEY": _key(), "GATEWAY_SECRET": _key()},
        "singo": {
            "SINGO_VAULT_KEYS": f"k1:{_key()}", "SINGO_INDEX_KEY": _key(), "SINGO_ADDRESS_KEY": address,
            "SINGO_WORKLOAD_KEYS": f"twuin:k1:{public}",
        },
        "twuin": {
            "TWUIN_VAULT_KEYS": f"k1:{_key()}", "TWUIN_INDEX_KEY": _key(), "TWUIN_ADDRESS_KEY": address,
            "TWUIN_WORKLOAD_KEY": f"k1:{private}", "TWUIN_PROVIDER_SECRET": _key(),
        },
    }  # fmt: skip
    postgres = {"POSTGRES_PASSWORD": secrets.token_hex(24)}
    for service in SERVICES:
        for role, secret in ((service, service), (f"{service}_owner", f"{service}-owner")):
            postgres[f"{role.upper()}_PASSWORD"] = password = secrets.token_hex(24)
            made.setdefault(secret, {})["DATABASE_URL"] = f"postgresql://{role}:{password}@postgres:5432/{service}"
    return made | {"postgres": postgres}  # the last to be created: its being there says that all are


def manifests(made: dict[str, dict[str, str]]) -> list[dict[str, object]]:
    """Return the Secrets as Kubernetes takes them."""
    return [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "labels": MADE_BY}, "stringData": values}
        for name, values in made.items()
    ]


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
