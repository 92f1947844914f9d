"""Find the portal's sentences and put them into the English catalogue: `python -m gateway.web.extraction`."""

from __future__ import annotations

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from gateway.web.catalog import CATALOGUE, HERE

_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
_OPTIONS = {"templates/**.html": {"trimmed": "true", "silent": "false"}}
_WORDS: dict[str, tuple[int, ...] | None] = {"_": None, "gettext": None, "ngettext": (1, 2), "translate_many": (1, 2)}


def found() -> Catalog:
    """Return every sentence that the code and the templates say."""
    catalogue = Catalog(locale="en", fuzzy=False)
    said = extract_from_dir(HERE, method_map=_METHODS, options_map=_OPTIONS, keywords=_WORDS)
    for _file, _line, message, _comments, _context in said:
        catalogue.add(message)
    return catalogue


def kept() -> Catalog:
    """Return the catalogue as it is kept."""
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="en")


def update() -> tuple[int, int]:
    """Bring the catalogue up to date: new sentences come without a translation, stale ones go. Return how many of each."""
    said, known = found(), kept()
    fresh = Catalog(
        locale="en", project="portal", version="1", header_comment="# English of the portal.", fuzzy=False, creation_date=known.creation_date,
        revision_date=known.creation_date, last_translator="the portal's makers", language_team="English", msgid_bugs_address="",
    )  # fmt: skip
    missing = 0
    for message in sorted((each for each in said if each.id), key=lambda each: str(each.id)):
        old = known.get(message.id)
        old = old if old and old.pluralizable == message.pluralizable else None
        fresh.add(message.id, old.string if old else None)
        missing += not (old and old.string)
    stale = sum(1 for each in known if each.id and each.id not in said)
    with CATALOGUE.open("wb") as file:
        write_po(file, fresh, omit_header=False, width=120)
    return missing, stale


if __name__ == "__main__":
    without, gone = update()
    print(f"{without} without a translation, {gone} stale ones removed")  # noqa: T201 - said to the person who runs it
