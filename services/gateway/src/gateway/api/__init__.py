"""The REST API below /api/v1: a table of routes onto the services' RPCs, the gateway's own routes, and their OpenAPI."""

from __future__ import annotations

from flask import Blueprint


def blueprints() -> tuple[Blueprint, ...]:
    """Return the API, and its document with a reader page."""
    from gateway.api import reader, serve

    return (serve.blueprint(), reader.blueprint())
