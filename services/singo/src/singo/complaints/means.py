"""What the use cases of complaints work with besides the database, and the handling of what is sealed."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chassis import clock
from chassis.crypto import Vault
from chassis.errors import NotFound
from chassis.files import FileStore
from chassis.pictures import Picture
from sqlalchemy import Row
from workdays import Calendar

from singo.charter import Charter, Text
from singo.complaints.model import FOLDER, Category
from singo.complaints.tables import Seen


class UnknownCategory(NotFound):
    """There is no such category any more."""

    id: ClassVar[str] = "Kategori laporan {code} tidak ada."
    en: ClassVar[str] = "There is no category {code}."


@dataclass(frozen=True, slots=True)
class Means:
    """What can be reported, the offices and their calendar, the keys, where files lie, and how long one may reopen."""

    categories: Mapping[str, Category]
    charter: Charter
    calendar: Calendar
    vault: Vault
    files: FileStore
    reopen_for: dt.timedelta = dt.timedelta(days=14)

    def category(self, code: str) -> Category:
        """Return a category; UnknownCategory where the city has taken it away."""
        if (found := self.categories.get(code)) is None:
            raise UnknownCategory(code=code[:40])
        return found

    def category_name(self, code: str) -> Text:
        """Return what a category is called, its code where it is no longer there."""
        found = self.categories.get(code)
        return found.name if found else Text(code, code)

    def seal(self, complaint_id: uuid.UUID, column: str, text: str) -> bytes | None:
        """Return a text sealed for one column of one complaint, None for no text."""
        return self.vault.seal(text, bound=f"complaint:{complaint_id}:{column}") if text else None

    def opened(self, row: Seen, column: str) -> str:
        """Return what a sealed column of a complaint says."""
        value = getattr(row, column)
        return self.vault.open(value, bound=f"complaint:{row.id}:{column}") if value else ""

    def seal_note(self, complaint_id: uuid.UUID, ordinal: int, note: str) -> bytes | None:
        """Return the note of a step sealed, None for no note."""
        return self.vault.seal(note, bound=_note(complaint_id, ordinal)) if note else None

    def note(self, step: Row[Any]) -> str:
        """Return the note of a step."""
        return self.vault.open(step.note, bound=_note(step.complaint_id, step.ordinal)) if step.note else ""

    def keep(self, complaint_id: uuid.UUID, pictures: tuple[Picture, ...]) -> list[dict[str, Any]]:
        """Store photos sealed, in the folder of today; return their rows' values."""
        return [self._kept(complaint_id, ordinal, each) for ordinal, each in enumerate(pictures, 1)]

    def _kept(self, complaint_id: uuid.UUID, ordinal: int, picture: Picture) -> dict[str, Any]:
        photo_id = uuid.uuid4()
        path = f"{FOLDER}/{clock.today().isoformat()}/{complaint_id}/{photo_id}"
        self.files.put(path, self.vault.seal_bytes(picture.content, bound=f"file:{path}"))
        return {
            "id": photo_id, "complaint_id": complaint_id, "ordinal": ordinal, "media_type": picture.media_type,
            "size": len(picture.content), "width": picture.width, "height": picture.height,
            "sha256": hashlib.sha256(picture.content).hexdigest(), "path": path,
        }  # fmt: skip

    def content(self, photo: Row[Any]) -> bytes:
        """Return the bytes of a photo; a store that lies is an error, not a photo."""
        content = self.vault.open_bytes(self.files.get(photo.path), bound=f"file:{photo.path}")
        if hashlib.sha256(content).hexdigest() != photo.sha256:
            raise ValueError(f"photo {photo.id} is not what was stored")
        return content


def _note(complaint_id: uuid.UUID, ordinal: int) -> str:
    return f"complaint_step:{complaint_id}:{ordinal}:note"
