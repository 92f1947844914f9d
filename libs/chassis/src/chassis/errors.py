"""Domain errors: three kinds, each a sentence in the two languages of the portal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

Language = Literal["id", "en"]


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field of the input: its dotted path, a stable code and a sentence in each language."""

    field: str
    code: str
    id: str
    en: str

    def sentence(self, language: Language) -> str:
        """Return the sentence in `language`."""
        return self.en if language == "en" else self.id


class DomainError(Exception):
    """A rule of the domain said no; subclass one of the three kinds below, never this."""

    id: ClassVar[str]
    en: ClassVar[str]
    code: ClassVar[str]

    def __init_subclass__(cls) -> None:
        """Derive the stable code from the class name."""
        if "code" not in cls.__dict__:
            cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def __init__(self, *, fields: Sequence[FieldError] = (), **params: object) -> None:
        """Keep the fields at fault and the values that fill the sentence's `{placeholders}`."""
        self.fields = tuple(fields)
        self.params = params
        super().__init__(self.sentence("en"))

    def sentence(self, language: Language) -> str:
        """Return the sentence in `language`, filled in."""
        return (self.en if language == "en" else self.id).format(**self.params)


class Refused(DomainError):  # noqa: N818 - the three kinds are named as answers
    """The input or the state does not allow it (HTTP 422)."""

    id = "Permintaan tidak dapat dipenuhi."
    en = "The request cannot be fulfilled."


class NotFound(DomainError):  # noqa: N818
    """There is no such thing for this person (HTTP 404)."""

    id = "Data tidak ditemukan."
    en = "Not found."


class Conflict(DomainError):  # noqa: N818
    """Somebody or something else was faster (HTTP 409)."""

    id = "Data sudah berubah. Muat ulang lalu coba lagi."
    en = "The data has changed. Reload and try again."


class InvalidFields(Refused):
    """One or more fields of the input break a rule; `fields` says which and why."""

    id = "Periksa kembali isian yang ditandai."
    en = "Check the marked fields."
