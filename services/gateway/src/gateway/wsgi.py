"""The portal and the API as one WSGI application; each worker of the server makes its own."""

from __future__ import annotations

import contextlib
import ctypes
import signal
from typing import TYPE_CHECKING

from chassis import settings as environment
from chassis import telemetry
from chassis.principal import Verifier
from chassis.process import version_of
from chassis.rpc import jwks
from chassis.rpc.platform import Platform
from flask import Blueprint, Flask, Response
from werkzeug.middleware.proxy_fix import ProxyFix

from gateway.edge import Gateway, gateway, install, public
from gateway.edge.context import API_AUDIENCE
from gateway.edge.rates import Limiter
from gateway.edge.shedding import Shedding
from gateway.identity.keys import ISSUER
from gateway.identity.means import Means, means_of
from gateway.pulse import beat
from gateway.schema import MIGRATIONS, database
from gateway.settings import PREFIX, Settings
from gateway.upstreams import Upstreams

if TYPE_CHECKING:  # a worker takes no facts; it loads what does when a page re-drives
    from chassis.consumer import Subscription


def blueprints() -> tuple[Blueprint, ...]:
    """Return what the gateway serves."""
    from gateway import api, web

    served: list[Blueprint] = []
    for part in (web, api):
        served += getattr(part, "blueprints", tuple)()
    return tuple(served)


def create_app(settings: Settings, *, means: Means | None = None, upstreams: Upstreams | None = None) -> Flask:
    """Return the portal and the API as one WSGI application. Nothing connects before the first request."""
    means = means or means_of(settings, database(settings, "web"))
    own = Gateway(
        settings=settings, means=means, upstreams=upstreams or Upstreams(settings, means.keyring.minter), limiter=Limiter(means.cache),
        verifier=Verifier(means.keyring.key, audience=API_AUDIENCE, issuers=frozenset({ISSUER})),
        platform=own_platform(settings, means),
    )  # fmt: skip
    app = Flask("gateway", static_folder=None, template_folder="web/templates")
    install(app, own)
    app.add_url_rule("/.well-known/jwks.json", "keys", _keys)
    for each in blueprints():
        app.register_blueprint(each)
    app.wsgi_app = Shedding(app.wsgi_app, most=settings.threads, queue=settings.queue)  # type: ignore[method-assign]  # as Flask documents it
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]  # as Flask documents it
    return app


def subscriptions(means: Means) -> list[Subscription]:
    """Return what the gateway reacts to, as its consumer does: a re-drive from a page lets it have its effect here."""
    from gateway.access_log import subscriptions as _views
    from gateway.errands import subscriptions as _errands
    from gateway.inbox import subscriptions as _inbox

    return [*_inbox.subscriptions(means), *_errands.subscriptions(), *_views.subscriptions()]


def own_platform(settings: Settings, means: Means) -> Platform:
    """Return what says how the gateway itself is."""
    from malang.platform.v1 import platform_pb2

    return Platform(
        platform_pb2, means.db, "gateway", build=(version_of("gateway", MIGRATIONS), settings.revision),
        processes=("web", "consume", "relay", "jobs"), subscriptions=lambda: subscriptions(means),
    )  # fmt: skip


def worker(pulse: int) -> Flask:
    """Return the application of one worker, with the settings of the environment; it beats at the port `pulse`."""
    _die_with_parent()
    beat(pulse)
    settings = environment.load(Settings, PREFIX)
    telemetry.configure("gateway", "web", settings)
    telemetry.trace("gateway", "web", settings)
    return create_app(settings)


def _die_with_parent() -> None:
    """Ask Linux to end this worker when the server's parent process is killed: an orphan would keep the ports from the next one."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


@public
def _keys() -> Response:
    """Publish the keys that verify what this gateway signs."""
    from orjson import dumps

    response = Response(dumps(jwks(gateway().means.keyring.public())), content_type="application/jwk-set+json")
    response.headers["Cache-Control"] = "max-age=5"
    return response
