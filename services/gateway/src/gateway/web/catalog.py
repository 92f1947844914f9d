"""The portal's two languages: Indonesian is written in the code, English comes from a catalogue that is read at start."""

from __future__ import annotations

import gettext
import io
from functools import cache
from pathlib import Path

from chassis.errors import Language
from flask import g, has_request_context

HERE = Path(__file__).parent
CATALOGUE = HERE / "translations" / "en" / "LC_MESSAGES" / "messages.po"


def language() -> Language:
    """Return the language of the present request, Indonesian where there is none."""
    return "en" if has_request_context() and g.get("language") == "en" else "id"


@cache
def _english() -> gettext.GNUTranslations:
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="en")
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def translate(text: str) -> str:
    """Return an Indonesian sentence of the portal in the request's language."""
    return _english().gettext(text) if language() == "en" else text


def translate_many(one: str, many: str, count: int) -> str:
    """Return the sentence that fits `count`, in the request's language."""
    if language() == "en":
        return _english().ngettext(one, many, count)
    return one if count == 1 else many


_ = translate


def pick(text: object) -> str:
    """Return the side of a two-language value (a message or mapping with `id` and `en`) that the request asks for."""
    wanted = language()
    if isinstance(text, dict):
        return str(text.get(wanted) or text.get("id") or "")
    return str(getattr(text, wanted, "") or getattr(text, "id", ""))


def named(thing: object) -> str:
    """Return the name of a message that carries `name_id` and `name_en`."""
    return str(getattr(thing, f"name_{language()}", "") or getattr(thing, "name_id", ""))
