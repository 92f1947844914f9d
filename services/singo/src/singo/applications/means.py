"""What the use cases of applications work with besides the database, and the handling of what is sealed."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from chassis.crypto import Vault
from chassis.files import FileStore
from workdays import Calendar

from singo.applications.tables import Application, Attachment
from singo.charter import Charter

FOLDER = "attachments"


@dataclass(frozen=True, slots=True)
class Means:
    """The charter, the city's calendar, the keys, and where files lie."""

    charter: Charter
    calendar: Calendar
    vault: Vault
    files: FileStore

    def seal(self, application_id: uuid.UUID, column: str, value: Mapping[str, Any]) -> bytes:
        """Return a JSON object sealed for one column of one application."""
        return self.vault.seal(orjson.dumps(value).decode(), bound=f"application:{application_id}:{column}")

    def fields(self, application: Application) -> dict[str, Any]:
        """Return what the applicant typed."""
        return self._opened(application, "fields", application.fields)

    def applicant(self, application: Application) -> dict[str, str]:
        """Return who the applicant is, by the names of the snapshot; empty before submission."""
        return self._opened(application, "applicant", application.applicant) if application.applicant else {}

    def _opened(self, application: Application, column: str, value: bytes) -> dict[str, Any]:
        read: dict[str, Any] = orjson.loads(self.vault.open(value, bound=f"application:{application.id}:{column}"))
        return read

    def store(self, application_id: uuid.UUID, content: bytes) -> tuple[str, str]:
        """Store an attachment's bytes sealed; return their path, which their content determines, and their SHA-256."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = f"{FOLDER}/{application_id}/{sha256}"
        self.files.put(path, self.vault.seal_bytes(content, bound=f"file:{path}"))
        return path, sha256

    def content(self, attachment: Attachment) -> bytes:
        """Return the bytes of an attachment."""
        return self.vault.open_bytes(self.files.get(attachment.path), bound=f"file:{attachment.path}")
