"""Which processes make up the platform on one machine, and the environment of each."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from deploy.local.embedded import EmbeddedPostgres, valkey_command
from deploy.local.state import ROOT, Ports, State
from deploy.local.supervision import Program

SERVICES = ("gateway", "singo", "twuin")
DATABASES = (*SERVICES, "bus")
# One machine, at rest most of the time: few megabytes, and durable all the same.
SMALL = {
    "max_connections": "80", "shared_buffers": "48MB", "effective_cache_size": "512MB", "work_mem": "8MB", "maintenance_work_mem": "64MB",
    "max_wal_size": "512MB", "checkpoint_timeout": "15min", "autovacuum_max_workers": "2", "max_parallel_workers_per_gather": "0",
    "max_worker_processes": "4", "jit": "off", "log_timezone": "UTC", "timezone": "UTC", "wal_compression": "on",
}  # fmt: skip
# What every process may read of the caller's environment; the rest is given below.
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV", "SSL_CERT_FILE")
PREFIXES = ("GATEWAY_", "SINGO_", "TWUIN_")


@dataclass
class Platform:
    """One planned start: where things stand, which ports, which programs."""

    state: State
    url: str
    admin_url: str
    postgres: EmbeddedPostgres | None
    redis_url: str
    bus_url: str
    services: dict[str, dict[str, str]]
    programs: list[Program] = field(default_factory=list)
    databases: tuple[str, ...] = DATABASES

    @classmethod
    def plan(cls, state: State, given: Mapping[str, str] = os.environ) -> "Platform":
        """Choose ports and say what runs; what the environment gives by URL is used instead of the embedded one."""
        ports = Ports()
        port = ports.pick(int(given.get("PORT", "8080")))
        url = f"http://127.0.0.1:{port}"
        postgres = None if "DATABASE_URL" in given else embedded_postgres(state)
        admin = postgres.url() if postgres else given["DATABASE_URL"]
        redis = given.get("REDIS_URL", "" if valkey_command(_redis(state)) is None else f"unix://{_redis(state)}")
        bus = given.get("EVENT_BUS_URL", "")
        platform = cls(state, url, admin, postgres, redis, bus, {}, databases=SERVICES if bus else DATABASES)
        platform.bus_url = bus or platform.run_url("bus")
        platform.services = _settings(platform, ports, given)
        platform.programs = [*_engines(platform, given), *_processes(platform, ports)]
        return platform

    def owner_url(self, database: str) -> str:
        """Return the URL that migrates a database."""
        return self._url(database, f"{database}_owner")

    def run_url(self, database: str) -> str:
        """Return the URL that a service runs on."""
        return self._url(database, database)

    def _url(self, database: str, role: str) -> str:
        if self.postgres:
            return self.postgres.url(database, role)
        parts = urlsplit(self.admin_url)
        return urlunsplit(parts._replace(path=f"/{database}"))

    def environment(self, service: str) -> dict[str, str]:
        """Return the whole environment of a service's processes."""
        passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        return passed | self.services[service]


def _settings(platform: Platform, ports: Ports, given: Mapping[str, str]) -> dict[str, dict[str, str]]:
    state, secret = platform.state, platform.state.secrets()
    singo, twuin = f"127.0.0.1:{ports.inner()}", f"127.0.0.1:{ports.inner()}"
    jwks = f"{platform.url}/.well-known/jwks.json"
    chosen = {
        "gateway": {
            "GATEWAY_HOST": "127.0.0.1", "GATEWAY_PORT": platform.url.rpartition(":")[2], "GATEWAY_PUBLIC_URL": platform.url,
            "GATEWAY_DEMO": "true", "GATEWAY_REGISTRY": "simulator", "GATEWAY_SMS": "mailbox",
            "GATEWAY_UPSTREAM_TIMEOUT": "10",  # one machine may be busy with other things
            "GATEWAY_SINGO_TARGET": singo, "GATEWAY_TWUIN_TARGET": twuin,
            "GATEWAY_VAULT_KEYS": f"k1:{secret['gateway_vault']}", "GATEWAY_INDEX_KEY": secret["gateway_index"],
            "GATEWAY_SECRET": secret["gateway_secret"],
        },
        "singo": {
            "SINGO_RPC_ADDRESS": singo, "SINGO_JWKS_URL": jwks, "SINGO_FILES_URL": str(state.files), "SINGO_PUBLIC_URL": platform.url,
            "SINGO_VAULT_KEYS": f"k1:{secret['singo_vault']}", "SINGO_INDEX_KEY": secret["singo_index"],
            "SINGO_ADDRESS_KEY": secret["singo_address"], "SINGO_SIGNING_DIR": str(state.home / "signing"),
            "SINGO_WORKLOAD_KEYS": f"twuin:k1:{state.public('twuin_workload')}",
        },
        "twuin": {
            "TWUIN_RPC_ADDRESS": twuin, "TWUIN_JWKS_URL": jwks, "TWUIN_CALLBACK_URL": f"{platform.url}/api/v1/payments/callbacks/local",
            "TWUIN_VAULT_KEYS": f"k1:{secret['twuin_vault']}", "TWUIN_INDEX_KEY": secret["twuin_index"],
            "TWUIN_ADDRESS_KEY": secret["singo_address"],
            "TWUIN_SINGO_TARGET": singo, "TWUIN_WORKLOAD_KEY": f"k1:{secret['twuin_workload']}",
            "TWUIN_FILES_URL": str(state.files / "twuin"),
            "TWUIN_PROVIDER": "local", "TWUIN_PROVIDER_SECRET": secret["provider"],
        },
    }  # fmt: skip
    for service, values in chosen.items():
        shared = {
            "DATABASE_URL": platform.run_url(service), "REDIS_URL": platform.redis_url, "EVENT_BUS_URL": platform.bus_url,
            "LOG_LEVEL": given.get("LOG_LEVEL", "info"), "FAULTS_DIR": given.get("FAULTS_DIR", ""),
            "REVISION": given.get("REVISION") or revision(),
            **{name: value for name, value in given.items() if name.startswith("TRACES")},
        }  # fmt: skip
        own = {name: value for name, value in given.items() if name.startswith(f"{service.upper()}_")}
        chosen[service] = shared | values | own
    return chosen


@cache
def revision() -> str:
    """Return the revision of this checkout, "" where it is none."""
    try:
        asked = subprocess.run(
            ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
        )
    except OSError:  # no git
        return ""
    return asked.stdout.strip()


def embedded_postgres(state: State) -> EmbeddedPostgres:
    """Return the cluster of this machine's platform."""
    return EmbeddedPostgres(state.home / "postgres", state.sockets / "postgres")


def _redis(state: State) -> Path:
    return state.sockets / "redis.sock"


def _engines(platform: Platform, given: Mapping[str, str]) -> list[Program]:
    programs = []
    if platform.postgres:
        argv, user = platform.postgres.command(SMALL)
        programs.append(Program("postgres", argv, user=user, first=True, stop="INT", priority=1))
    argv_redis = None if "REDIS_URL" in given else valkey_command(_redis(platform.state))
    if argv_redis:
        programs.append(Program("redis", argv_redis, first=True, priority=2))
    elif not platform.redis_url:
        print("  (no Redis wheel for this machine: the platform runs on its local fallbacks)")
    return programs


def _processes(platform: Platform, ports: Ports) -> list[Program]:
    programs = []
    for service in SERVICES:
        kinds = ("web" if service == "gateway" else "rpc", "consume", "relay", "jobs")
        for kind in kinds:
            port = ports.inner()
            environment = platform.environment(service) | {"HEALTH_PORT": str(port)}
            argv = (sys.executable, "-m", service, kind)
            priority = {"rpc": 10, "web": 20}.get(kind, 30)
            programs.append(Program(f"{service}-{kind}", argv, environment, port=port, priority=priority))
    return programs
