"""What capabilities are put together from; each part is opened when a process first needs it."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import workdays
from chassis.crypto import Vault
from chassis.db import Database
from chassis.files import FileStore
from chassis.settings import refuse

from singo import charter
from singo.settings import PREFIX, Settings

if TYPE_CHECKING:
    from singo.applications.means import Means
    from singo.applications.signing import Signing
    from singo.complaints.means import Means as ComplaintMeans
    from singo.letters import Press, RemoteSigner, Trust


@dataclass(frozen=True)
class Parts:
    """Settings, database, and what is opened from them."""

    settings: Settings
    db: Database

    @cached_property
    def charter(self) -> charter.Charter:
        """The kinds of service, and the offices."""
        try:
            return charter.load([Path(folder) for folder in self.settings.kinds_dir.split(":") if folder])
        except charter.BadKindError as wrong:
            refuse(f"{PREFIX}KINDS_DIR is wrong: {wrong}")

    @cached_property
    def vault(self) -> Vault:
        """The keys of encrypted columns and files."""
        try:
            return Vault.from_setting(self.settings.vault_keys, index=self.settings.index_key)
        except ValueError as wrong:
            refuse(f"{PREFIX}VAULT_KEYS or {PREFIX}INDEX_KEY is wrong: {wrong}")

    @cached_property
    def files(self) -> FileStore:
        """Where attachments and letters are kept."""
        return FileStore(self.settings.files_url)

    @cached_property
    def press_and_trust(self) -> tuple[Press, Trust]:
        """What letters are made with, and whom to believe when verifying."""
        from singo import letters

        return letters.open_press(
            public_url=self.settings.public_url,
            signing_dir=Path(self.settings.signing_dir),
            timestamp_url=self.settings.timestamp_url,
            vault=self.vault,
            files=self.files,
            address_key=self.address_key,
            remote=self._remote_signer,
        )

    @property
    def _remote_signer(self) -> RemoteSigner | None:
        if not self.settings.signer_url:
            return None
        from singo import letters

        try:
            chain = Path(self.settings.signer_chain).read_bytes()
            time = letters.authority(self.settings.timestamp_url)
            return letters.RemoteSigner(self.settings.signer_url, self.settings.signer_token, chain, time)
        except (OSError, ValueError) as wrong:
            refuse(f"{PREFIX}SIGNER_URL or {PREFIX}SIGNER_CHAIN is wrong: {wrong}")

    @property
    def address_key(self) -> bytes:
        """The key of the hash of certified addresses."""
        try:
            return base64.b64decode(self.settings.address_key, validate=True)
        except binascii.Error:
            refuse(f"{PREFIX}ADDRESS_KEY is wrong: not base64")

    @cached_property
    def means(self) -> Means:
        """What applications work with."""
        from singo.applications.means import Means

        return Means(self.charter, workdays.city_calendar(), self.vault, self.files)

    @cached_property
    def signing(self) -> Signing:
        """What signs applications."""
        from singo.applications.signing import Signing

        return Signing(self.db, self.means, self.press_and_trust[0], self.settings.signing_lease_seconds)

    @cached_property
    def complaint_means(self) -> ComplaintMeans:
        """What complaints work with."""
        from singo.complaints import categories
        from singo.complaints.means import Means

        reopen_for = dt.timedelta(days=self.settings.complaint_reopen_days)
        return Means(categories.load(), self.charter, workdays.city_calendar(), self.vault, self.files, reopen_for)
