"""The file that meter readers hand in: CSV with an Indonesian heading. Reads it line by line; knows nothing of the database."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from chassis.errors import FieldError, InvalidFields

from twuin.vocabulary import first_day, is_period, period_of, shifted

LARGEST_FILE = 10 * 1024 * 1024  # bytes
MOST_LINES = 200_000
LISTED = 200  # problems that are listed
_LONGEST_FIELD = 60  # characters
_ALIASES = {
    "nomor_sambungan": ("nomor_sambungan", "no_sambungan", "nosambungan", "nosamb"),
    "periode": ("periode", "bulan"),
    "angka_meter": ("angka_meter", "stand_meter", "stand", "angka"),
    "tanggal_baca": ("tanggal_baca", "tgl_baca", "tanggal"),
    "taksiran": ("taksiran", "taksir"),
}
_OPTIONAL = frozenset({"taksiran"})
_FLAGS = {"": False, "tidak": False, "t": False, "0": False, "ya": True, "y": True, "1": True}
_NUMBER = re.compile(r"[0-9]{6,12}", re.ASCII)
_VALUE = re.compile(r"[0-9]{1,12}", re.ASCII)
_LOCAL_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", re.ASCII)
_LOCAL_PERIOD = re.compile(r"(\d{1,2})[/-](\d{4})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Line:
    """A well-formed line: what it says, not whether that is possible."""

    line: int
    number: str
    period: str
    value: int
    read_on: dt.date
    estimated: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line: a code of SENTENCES and the value as it stood there, made safe for spreadsheets."""

    line: int
    code: str
    value: str


@dataclass(slots=True)
class Contents:
    """What a file holds: `count` lines, the first problems of those that are malformed, and how many problems there are."""

    lines: list[Line] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0
    count: int = 0


class _Malformed(Exception):  # noqa: N818 - carries a code to the loop
    def __init__(self, code: str, value: str) -> None:
        self.code, self.value = code, value


def read(content: bytes, today: dt.date) -> Contents:
    """Read a file's bytes; InvalidFields when it is no such file at all."""
    rows = _rows(_text(content))
    columns = _columns(next(rows, []))
    contents = Contents()
    for place, row in enumerate(rows, 2):
        if not any(cell.strip() for cell in row):
            continue
        contents.count += 1
        if contents.count > MOST_LINES:
            raise _file_wrong(
                "too_many_lines", f"Berkas berisi lebih dari {MOST_LINES} baris.", f"The file has more than {MOST_LINES} lines."
            )
        try:
            contents.lines.append(_line(place, row, columns, today))
        except _Malformed as wrong:
            contents.problem_count += 1
            if len(contents.problems) < LISTED:
                contents.problems.append(Problem(place, wrong.code, safe(wrong.value)))
    if not contents.count:
        raise _file_wrong("empty", "Berkas tidak berisi baris.", "The file has no lines.")
    return contents


def safe(value: str) -> str:
    """Return a value cut short and, where a spreadsheet would take it for a formula, marked as text."""
    value = value.replace("\0", "")[:_LONGEST_FIELD]
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else value


def day_fits(read_on: dt.date, period: str, today: dt.date) -> bool:
    """Tell whether a meter can have been read on that day for that period."""
    latest = first_day(shifted(period, 1)).replace(day=10)
    return first_day(period) <= read_on <= min(latest, today)


def _text(content: bytes) -> str:
    if len(content) > LARGEST_FILE:
        raise _file_wrong("too_large", "Berkas lebih besar dari 10 MiB.", "The file is larger than 10 MiB.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise _file_wrong(
            "encoding", "Berkas bukan teks UTF-8. Simpan sebagai CSV UTF-8.", "The file is not UTF-8 text. Save it as CSV UTF-8."
        ) from wrong


def _rows(text: str) -> Iterator[list[str]]:
    head = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    # No quoted line breaks: each line is one reading, and line numbers in messages stay true.
    for line in text.splitlines():
        try:
            yield next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            yield [line]


def _columns(head: Sequence[str]) -> dict[str, int]:
    names = [re.sub(r"[^a-z]+", "_", cell.strip().lower()).strip("_") for cell in head]
    found = {name: names.index(alias) for name, aliases in _ALIASES.items() for alias in aliases if names.count(alias) == 1}
    missing = [name for name in _ALIASES if name not in found and name not in _OPTIONAL]
    if missing:
        raise _file_wrong(
            "heading",
            f"Kolom {missing[0]} tidak ada. Baris pertama: nomor_sambungan,periode,angka_meter,tanggal_baca[,taksiran].",
            f"Column {missing[0]} is missing. First line: nomor_sambungan,periode,angka_meter,tanggal_baca[,taksiran].",
        )
    return {**found, "": len(head)}


def _line(place: int, row: Sequence[str], columns: dict[str, int], today: dt.date) -> Line:
    if len(row) != columns[""]:
        raise _Malformed("columns", "")
    cell = {name: row[at].strip() for name, at in columns.items() if name}
    number = re.sub(r"[\s.-]", "", cell["nomor_sambungan"])
    if not _NUMBER.fullmatch(number):
        raise _Malformed("connection_number", cell["nomor_sambungan"])
    if not _VALUE.fullmatch(cell["angka_meter"]):
        raise _Malformed("value", cell["angka_meter"])
    period = _period(cell["periode"], today)
    read_on = _day(cell["tanggal_baca"])
    if not day_fits(read_on, period, today):
        raise _Malformed("date_range", cell["tanggal_baca"])
    estimated = _FLAGS.get(cell.get("taksiran", "").lower())
    if estimated is None:
        raise _Malformed("flag", cell["taksiran"])
    return Line(place, number, period, int(cell["angka_meter"]), read_on, estimated)


def _period(text: str, today: dt.date) -> str:
    local = _LOCAL_PERIOD.fullmatch(text)
    period = f"{local[2]}-{int(local[1]):02}" if local else text
    if not is_period(period):
        raise _Malformed("period", text)
    if period > period_of(today):
        raise _Malformed("period_future", text)
    return period


def _day(text: str) -> dt.date:
    local = _LOCAL_DAY.fullmatch(text)
    try:
        if local:
            return dt.date(int(local[3]), int(local[2]), int(local[1]))
        return dt.date.fromisoformat(text)
    except ValueError as wrong:
        raise _Malformed("date", text) from wrong


def _file_wrong(code: str, id: str, en: str) -> InvalidFields:  # noqa: A002 - the language
    return InvalidFields(fields=[FieldError("content", code, id, en)])
