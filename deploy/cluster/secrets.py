"""The secrets of the local overlay: made once, kept by the cluster and nowhere else."""

import base64
import json
import secrets

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.cluster.certificates import Authority
from deploy.cluster.kube import NAMESPACE, Refused, ask, kubectl

SERVICES = {"gateway": "gateway-web", "singo": "singo-rpc", "twuin": "twuin-rpc"}  # and the host that each is called by
MADE_BY = {"app.kubernetes.io/part-of": "malang", "app.kubernetes.io/managed-by": "cluster-up"}

_VERIFIED = "sslmode=verify-full&sslrootcert=/certs/database/ca.crt"
_SASL = "security_protocol=SASL_SSL&ssl_cafile=/certs/bus/ca.crt&sasl_mechanism=SCRAM-SHA-512"


def ensure() -> bool:
    """Make the secrets where there are none; tell whether it did. Data that old ones sealed stays readable."""
    made = make()
    found = ask("get", "secrets", "-l", ",".join(f"{key}={value}" for key, value in MADE_BY.items()))["items"]
    there = {each["metadata"]["name"] for each in found}
    if there and (absent := sorted(set(made) - there)):
        raise Refused(f"an older version made the secrets, without {absent[0]}: `make cluster-down` first, and its data is gone")
    if not there:
        kubectl("create", "-f", "-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests(made)}))
    return not there


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
            made.setdefault(secret, {})["DATABASE_URL"] = f"postgresql://{role}:{password}@postgres:5432/{service}?{_VERIFIED}"
        made[f"{service}-bus-password"] = {"password": (bus := secrets.token_hex(24))}
        user = f"sasl_plain_username={service}-bus&sasl_plain_password={bus}"
        made[service]["EVENT_BUS_URL"] = f"kafka://kafka-0.kafka:9092?{_SASL}&{user}"
    made["redis"] = {"password": (cache := secrets.token_hex(24))}
    made["gateway"]["REDIS_URL"] = f"rediss://:{cache}@redis:6379/0?ssl_ca_certs=/certs/cache/ca.crt"
    return made | {"postgres": postgres} | certificates()


def certificates() -> dict[str, dict[str, str]]:
    """Return fresh certificates under the names and keys that cert-manager and the operators would give them."""
    calls, database, bus, cache = (Authority(f"{each} of the local cluster") for each in ("calls", "database", "bus", "cache"))
    kafka = bus.issue("kafka-0.kafka", "kafka")
    return {
        **{f"{service}-rpc-tls": calls.issue(*_hosts(host), client=True) for service, host in SERVICES.items()},
        **{f"{service}-db-ca": {"ca.crt": database.pem} for service in SERVICES},
        "bus-cluster-ca-cert": {"ca.crt": bus.pem},
        "redis-ca": {"ca.crt": cache.pem},
        "postgres-tls": database.issue(*_hosts("postgres")),
        "kafka-tls": {**kafka, "tls-combined.pem": kafka["tls.key"] + kafka["tls.crt"]},
        "redis-tls": cache.issue(*_hosts("redis")),
    }


def manifests(made: dict[str, dict[str, str]]) -> list[dict[str, object]]:
    """Return the Secrets as Kubernetes takes them."""
    return [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "labels": MADE_BY}, "stringData": values}
        for name, values in made.items()
    ]


def _hosts(name: str) -> tuple[str, ...]:
    return name, f"{name}.{NAMESPACE}.svc", f"{name}.{NAMESPACE}.svc.cluster.local"


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
