"""The only reader of the environment: typed settings, each documented; a bad value is one clear sentence and exit 2."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from typing import Annotated, NoReturn, TypeVar, get_args, get_origin

import msgspec
from msgspec import Meta


class Common(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings that every process has. The variable is the field's name in capitals: DATABASE_URL."""

    database_url: Annotated[str, Meta(description="PostgreSQL of this service, postgresql://…", min_length=1)]
    event_bus_url: Annotated[
        str,
        Meta(
            description="Event bus: kafka://host:port[,host:port] or postgresql://…; query of Kafka: security_protocol, ssl_cafile, ssl_certfile, ssl_keyfile, sasl_mechanism, sasl_plain_username, sasl_plain_password",
            min_length=1,
        ),
    ]
    redis_url: Annotated[str, Meta(description="Redis, redis://… or unix://…; empty = local fallbacks only")] = ""
    log_level: Annotated[str, Meta(description="debug, info, warning or error", pattern="^(debug|info|warning|error)$")] = "info"
    log_format: Annotated[str, Meta(description="json, or console for a person", pattern="^(json|console)$")] = "json"
    health_port: Annotated[int, Meta(description="Port of the HTTP server of health and metrics; 0 = any free", ge=0, le=65535)] = 0
    health_host: Annotated[str, Meta(description="Address of the same server")] = "127.0.0.1"
    faults_dir: Annotated[str, Meta(description="Folder by which the fault drill kills this process; empty everywhere else")] = ""
    revision: Annotated[
        str, Meta(description="Revision of the sources that this was built from; shown to admins and in metrics")
    ] = ""
    rpc_tls_cert: Annotated[
        str, Meta(description="PEM file: this process's certificate in calls between services; empty = plain")
    ] = ""
    rpc_tls_key: Annotated[str, Meta(description="PEM file: its key")] = ""
    rpc_tls_ca: Annotated[
        str,
        Meta(description="PEM file: authorities whose certificates callers and called must show; files that change are read again"),
    ] = ""
    traces: Annotated[
        str,
        Meta(
            description="Where OpenTelemetry traces go: otlp, or file:/path (OTLP's JSON, a line a batch); empty = nowhere",
            pattern="^(otlp|file:/.+)?$",
        ),
    ] = ""
    traces_endpoint: Annotated[str, Meta(description="Collector of traces, OTLP over gRPC", pattern="^https?://[^/]+$")] = (
        "http://127.0.0.1:4317"
    )
    traces_ratio: Annotated[float, Meta(description="Share of new traces that is recorded, 0 to 1", ge=0, le=1)] = 1.0
    database_pool: Annotated[int, Meta(description="Database connections of a process", ge=1, le=100)] = 8


class Serving(Common, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a service that the gateway calls; their variables carry the service's prefix."""

    rpc_address: Annotated[str, Meta(description="Address of the RPC server, host:port or unix:/path; port 0 = any free")] = (
        "127.0.0.1:0"
    )
    rpc_threads: Annotated[int, Meta(description="Threads that serve calls", ge=1, le=64)] = 8
    jwks_url: Annotated[str, Meta(description="Where the gateway publishes the keys of its tokens", min_length=1)]
    issuers: Annotated[str, Meta(description="Issuers of accepted tokens, separated by commas")] = "gateway"
    workload_keys: Annotated[
        str, Meta(description="Public keys of services that call on their own behalf, name:id:base64[,name:id:base64]")
    ] = ""


T = TypeVar("T", bound=Common)
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # named by the library, which reads it when it is first imported


def metrics_shared() -> bool:
    """Tell whether the processes of a server count in files of one folder."""
    return METRICS_FOLDER in os.environ


def share_metrics() -> None:
    """Let this process and those that it starts count in files of one new folder; call it before anything makes a metric."""
    if METRICS_FOLDER not in os.environ:
        os.environ[METRICS_FOLDER] = tempfile.mkdtemp(prefix="metrics-")
        atexit.register(_forget_metrics, os.environ[METRICS_FOLDER], os.getpid())


def _forget_metrics(folder: str, owner: int) -> None:
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def load(kind: type[T], prefix: str, environ: Mapping[str, str] | None = None) -> T:
    """Read settings of `kind`; fields that Common lacks have variables that start with `prefix` ("SINGO_"). Exit 2 when wrong."""
    environ = os.environ if environ is None else environ
    names = variables(kind, prefix)
    unknown = sorted(name for name in environ if name.startswith(prefix) and name not in names)
    if unknown:
        refuse(f"{unknown[0]} is not a setting; see docs/settings.md for those that are")
    values = {field: environ[name] for name, field in names.items() if name in environ}
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as wrong:
        refuse(_sentence(str(wrong), {field: name for name, field in names.items()}))


def variables(kind: type[Common], prefix: str) -> dict[str, str]:
    """Return the field of `kind` that each variable sets."""
    shared = set(Common.__struct_fields__)
    return {(name if name in shared else f"{prefix}{name}").upper(): name for name in kind.__struct_fields__}


def document(kind: type[Common], prefix: str) -> str:
    """Return a Markdown table of the settings of `kind`: variable, type, default, description."""
    names = {field: variable for variable, field in variables(kind, prefix).items()}
    rows = ["| variable | type | default | description |", "|---|---|---|---|"]
    for field in msgspec.structs.fields(kind):
        plain, *metas = get_args(field.type) if get_origin(field.type) is Annotated else (field.type,)
        what = " ".join(meta.description for meta in metas if isinstance(meta, Meta) and meta.description)
        if not what:
            raise ValueError(f"{kind.__name__}.{field.name} has no description")
        default = "required" if field.required else f"`{field.default}`" if field.default != "" else "empty"
        rows.append(f"| `{names[field.name]}` | {getattr(plain, '__name__', plain)} | {default} | {what.replace('|', '/')} |")
    return "\n".join(rows) + "\n"


def _sentence(wrong: str, names: Mapping[str, str]) -> str:
    if "missing required field" in wrong:
        field = wrong.split("`")[1]
        return f"{names[field]} is required and not set"
    what, _, where = wrong.partition(" - at `$.")
    return f"{names.get(where.rstrip('`'), where)} is wrong: {what[:1].lower()}{what[1:]}"


def refuse(sentence: str) -> NoReturn:
    """End the process because of a setting that is wrong."""
    print(f"settings: {sentence}", file=sys.stderr)  # noqa: T201 - before logging is set up
    raise SystemExit(2)
