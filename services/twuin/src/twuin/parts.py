"""What capabilities are put together from; each part is opened when a process first needs it."""

from __future__ import annotations

import base64
from functools import cached_property
from typing import TYPE_CHECKING

import workdays
from chassis.crypto import Vault
from chassis.db import Database
from chassis.files import FileStore
from chassis.settings import refuse

from twuin import billing, metering, new_connections
from twuin.connections import Holders
from twuin.new_connections import Means as NewConnectionMeans
from twuin.payments import LocalProvider
from twuin.settings import PREFIX, Settings

if TYPE_CHECKING:
    from chassis.rpc import Upstream

    from twuin.work_orders.photos import Album


class Parts:
    """Settings, database, and what is opened from them."""

    def __init__(self, settings: Settings, db: Database) -> None:
        self.settings, self.db = settings, db

    @cached_property
    def vault(self) -> Vault:
        """Return the keys of what is sealed."""
        try:
            return Vault.from_setting(self.settings.vault_keys, index=self.settings.index_key)
        except ValueError as wrong:
            refuse(f"{PREFIX}VAULT_KEYS or {PREFIX}INDEX_KEY is wrong: {wrong}")

    @cached_property
    def files(self) -> FileStore:
        """Return where photos and documents are kept."""
        return FileStore(self.settings.files_url)

    @cached_property
    def holders(self) -> Holders:
        """Return what opens holders' data; what the layers above connections know is given to it here."""
        return Holders(self.vault, metering.serials, billing.last_bill_amount)

    @cached_property
    def applying(self) -> NewConnectionMeans:
        """Return what new connections work with."""
        try:
            prices = new_connections.read_prices(self.settings.connection_costs)
            key = base64.b64decode(self.settings.address_key, validate=True)
        except new_connections.PriceFileWrong as wrong:
            refuse(f"{PREFIX}CONNECTION_COSTS is wrong: {wrong}")
        except ValueError:
            refuse(f"{PREFIX}ADDRESS_KEY is wrong: not base64")
        return NewConnectionMeans(self.holders, prices, workdays.city_calendar(), key, self.settings.main_limit)

    @cached_property
    def provider(self) -> LocalProvider:
        """Return the payment provider."""
        return LocalProvider(self.db, self.settings.provider_secret.encode())

    @cached_property
    def album(self) -> Album:
        """Return where photos of work lie; those of citizens' reports are asked from singo where it knows this service."""
        from twuin.work_orders.photos import Album

        return Album(self.vault, self.files, (lambda: self.singo) if self.settings.workload_key else None)

    @cached_property
    def singo(self) -> Upstream:
        """Return the connection to singo, on twuin's own behalf; made when first used."""
        from chassis.rpc import OwnTokens, Upstream, identity

        try:
            tokens = OwnTokens("twuin", self.settings.workload_key)
        except ValueError as wrong:
            refuse(f"{PREFIX}WORKLOAD_KEY is wrong: {wrong}")
        return Upstream(self.settings.singo_target, "singo", token=tokens, tls=identity(self.settings))
