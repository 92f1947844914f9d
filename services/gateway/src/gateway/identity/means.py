"""What use cases of identity work with. They open short transactions themselves: hashing and the registry are slow."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.cache import Cache
from chassis.crypto import Vault
from chassis.db import Database

from gateway.identity.hashing import Hasher
from gateway.identity.keys import Keyring
from gateway.identity.registry import PopulationRegistry, registry_of
from gateway.settings import Settings


@dataclass(frozen=True, slots=True)
class Means:
    """Database, keys and outside parties of one process."""

    settings: Settings
    db: Database
    vault: Vault
    cache: Cache
    hasher: Hasher
    registry: PopulationRegistry
    keyring: Keyring


def means_of(settings: Settings, db: Database) -> Means:
    """Return the means that `settings` describe; make them after forking."""
    vault = Vault.from_setting(settings.vault_keys, index=settings.index_key)
    return Means(
        settings=settings, db=db, vault=vault, cache=Cache(settings.redis_url), hasher=Hasher(settings.hashing_slots),
        registry=registry_of(settings), keyring=Keyring(db, vault),
    )  # fmt: skip
