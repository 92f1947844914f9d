"""Settings of the gateway; each is one environment variable with the prefix GATEWAY_."""

from __future__ import annotations

from typing import Annotated

from chassis.settings import Common
from msgspec import Meta

PREFIX = "GATEWAY_"


class Settings(Common, frozen=True, kw_only=True):
    """Everything that may differ between two deployments of the gateway."""

    vault_keys: Annotated[str, Meta(description="Keys that encrypt personal data, id:base64,… (the first one seals)", min_length=1)]
    index_key: Annotated[str, Meta(description="Key of the blind indexes, 32 bytes in base64; may never change", min_length=1)]
    secret: Annotated[str, Meta(description="Signs form tokens and page tokens; at least 32 characters", min_length=32)]
    host: Annotated[str, Meta(description="Address of the portal's server")] = "127.0.0.1"
    port: Annotated[int, Meta(description="Port of the portal's server", ge=1, le=65535)] = 8080
    tls_cert: Annotated[
        str,
        Meta(description="PEM file: certificate of the portal's server, read again when it changes; empty = HTTP behind a proxy"),
    ] = ""
    tls_key: Annotated[str, Meta(description="PEM file: its key")] = ""
    public_url: Annotated[str, Meta(description="URL that people see; https makes cookies secure", pattern="^https?://[^/]+$")] = (
        "http://127.0.0.1:8080"
    )
    workers: Annotated[int, Meta(description="Processes of the portal's server", ge=1, le=64)] = 2
    threads: Annotated[int, Meta(description="Requests at work at once in one process", ge=1, le=256)] = 16
    worker_patience: Annotated[
        int,
        Meta(description="Seconds without a sign of life after which a process of the portal's server is replaced", ge=3, le=600),
    ] = 30
    queue: Annotated[int, Meta(description="Requests that may wait in one process; one more is answered 503", ge=1, le=1024)] = 48
    trusted_proxies: Annotated[int, Meta(description="Proxies in front whose X-Forwarded-* headers count", ge=0, le=5)] = 0
    singo_target: Annotated[str, Meta(description="Where singo's RPC is: dns:///host:port, host:port or unix:/path")] = (
        "127.0.0.1:50061"
    )
    twuin_target: Annotated[str, Meta(description="Where twuin's RPC is")] = "127.0.0.1:50062"
    upstream_timeout: Annotated[float, Meta(description="Seconds that a call to a service may take", gt=0, le=60)] = 5.0
    upstream_calls: Annotated[
        int,
        Meta(description="Calls of one process to one service at once; below GATEWAY_THREADS, so that others are answered", ge=1),
    ] = 12
    demo: Annotated[bool, Meta(description="Demo mode: mailbox page, demo bank page, demo people")] = False
    registry: Annotated[
        str, Meta(description="Population registry: dukcapil, or simulator (synthetic people)", pattern="^(simulator|dukcapil)$")
    ] = "dukcapil"
    registry_url: Annotated[str, Meta(description="Address of the registry's matching service, https://…")] = ""
    registry_user: Annotated[str, Meta(description="User name at the registry")] = ""
    registry_password: Annotated[str, Meta(description="Password at the registry")] = ""
    registry_timeout: Annotated[float, Meta(description="Seconds that the registry may take", gt=0, le=30)] = 5.0
    sms: Annotated[str, Meta(description="Text messages: http, or mailbox (demo only)", pattern="^(mailbox|http)$")] = "http"
    sms_url: Annotated[str, Meta(description="Address of the text message service, https://…")] = ""
    sms_token: Annotated[str, Meta(description="Bearer token for the text message service")] = ""
    sms_sender: Annotated[str, Meta(description="Sender that text messages show")] = "KOTAMALANG"
    smtp_url: Annotated[str, Meta(description="Mail server, smtp://user:password@host:port or smtps://…; empty = no e-mail")] = ""
    mail_from: Annotated[str, Meta(description="Sender of e-mail")] = "tidak-dibalas@localhost"
    phone_wait_hours: Annotated[float, Meta(description="Hours until a new phone number counts", ge=0, le=720)] = 24.0
    session_idle_minutes: Annotated[int, Meta(description="Minutes without a request that end a citizen's session", ge=5)] = 60
    session_hours: Annotated[int, Meta(description="Hours after which a citizen's session ends", ge=1)] = 12
    staff_idle_minutes: Annotated[int, Meta(description="Minutes without a request that end a session of staff", ge=5)] = 30
    staff_hours: Annotated[int, Meta(description="Hours after which a session of staff ends", ge=1)] = 10
    refresh_days: Annotated[int, Meta(description="Days that a refresh token of the API lives", ge=1, le=365)] = 30
    hashing_slots: Annotated[int, Meta(description="Passwords hashed at once in one process (19 MiB each)", ge=1, le=64)] = 2
    rate_per_minute: Annotated[int, Meta(description="Requests a minute from one address", ge=10)] = 1200
    rate_person_per_minute: Annotated[int, Meta(description="Requests a minute of one person", ge=10)] = 600
    rate_sign_in_per_minute: Annotated[int, Meta(description="Tries a minute from one address at sign-in and its kin", ge=1)] = 30
    rate_reports_per_hour: Annotated[int, Meta(description="Reports an hour of one person or guest", ge=1)] = 20

    @property
    def secure(self) -> bool:
        """Tell whether people come over https."""
        return self.public_url.startswith("https://")
