"""Days and months as people write them, in both languages."""

from __future__ import annotations

from chassis.errors import Language

_MONTHS: dict[Language, tuple[str, ...]] = {
    "id": (
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ),
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
}


def in_words(value: str, language: Language) -> str:
    """Return YYYY-MM-DD or YYYY-MM as people write it."""
    parts = value.split("-")
    if not all(part.isdigit() for part in parts) or len(parts) not in {2, 3} or not 1 <= int(parts[1]) <= 12:  # noqa: PLR2004 - months
        return value
    words = [_MONTHS[language][int(parts[1]) - 1], parts[0]]
    return " ".join([str(int(parts[2])), *words] if len(parts) == 3 else words)  # noqa: PLR2004 - with a day
