"""What metering says no with, and the sentences about lines of a file."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.errors import Conflict, FieldError, InvalidFields, NotFound, Refused


class MeterNotFound(NotFound):
    """The connection has no meter."""

    id = "Sambungan ini tidak mempunyai meter."
    en = "This connection has no meter."


class PreviewNotFound(NotFound):
    """Not this person's, forgotten, or never there."""

    id = "Pratinjau tidak ditemukan atau sudah kedaluwarsa. Unggah berkasnya lagi."
    en = "There is no such preview, or it has expired. Upload the file again."


class PreviewOutdated(Conflict):
    """Readings came in since the file was looked at."""

    id = "{count} baris berubah sejak pratinjau dibuat; tidak ada yang diimpor. Unggah berkasnya lagi."
    en = "{count} lines have changed since the preview; nothing was imported. Upload the file again."


class NothingToImport(Refused):
    """No line of the file is good."""

    id = "Tidak ada baris yang dapat diimpor."
    en = "There is no line that can be imported."


class ReadingExists(Conflict):
    """One reading a period."""

    id = "Angka meter periode {period} sudah dicatat: {value}."
    en = "A reading for {period} has been taken already: {value}."


class PeriodPassed(Refused):
    """Readings are taken in the order of periods."""

    id = "Periode {period} sudah lewat; pembacaan terakhir untuk periode {last}."
    en = "Period {period} has passed; the last reading was for {last}."


class SerialTaken(Refused):
    """Another meter has that serial."""

    id = "Nomor seri {serial} sudah terpakai."
    en = "Serial {serial} is in use."


class ReadingNeedsConfirmation(InvalidFields):
    """The value is possible and unusual: a person must have seen that."""

    id = "Angka ini tidak biasa. Periksa lagi, lalu konfirmasi."
    en = "This value is unusual. Check it, then confirm."


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is said of a field, in both languages."""

    field: str
    id: str
    en: str


SENTENCES = {
    "columns": Sentence("", "Jumlah kolom tidak sesuai dengan judul.", "The number of columns differs from the heading."),
    "connection_number": Sentence(
        "nomor_sambungan", "Nomor sambungan terdiri dari 6 sampai 12 angka.", "A connection number has 6 to 12 digits."
    ),
    "period": Sentence("periode", "Periode ditulis TTTT-BB.", "A period is written YYYY-MM."),
    "period_future": Sentence("periode", "Periode ini belum dimulai.", "This period has not begun."),
    "value": Sentence(
        "angka_meter", "Angka meter berupa angka bulat tanpa titik atau koma.", "A register value is a whole number without signs."
    ),
    "date": Sentence("tanggal_baca", "Tanggal ditulis TTTT-BB-HH atau HH/BB/TTTT.", "A day is written YYYY-MM-DD or DD/MM/YYYY."),
    "date_range": Sentence(
        "tanggal_baca",
        "Tanggal baca harus dalam bulan periode atau sampai tanggal 10 bulan berikutnya, dan tidak di masa depan.",
        "A meter is read in the month of the period or by the 10th of the next, and not in the future.",
    ),
    "flag": Sentence("taksiran", "Isi ya atau tidak.", "Enter ya or tidak."),
    "duplicate": Sentence(
        "nomor_sambungan", "Nomor ini ada lebih dari sekali dalam berkas.", "This number stands more than once in the file."
    ),
    "unknown_connection": Sentence(
        "nomor_sambungan", "Sambungan ini tidak ada di wilayah Anda.", "There is no such connection in your area."
    ),
    "connection_removed": Sentence("nomor_sambungan", "Sambungan ini sudah dicabut.", "This connection has been removed."),
    "no_meter": Sentence("nomor_sambungan", "Sambungan ini tidak mempunyai meter.", "This connection has no meter."),
    "already_read": Sentence("periode", "Periode ini sudah dicatat.", "This period has been read already."),
    "period_passed": Sentence("periode", "Sudah ada pembacaan periode sesudahnya.", "A later period has been read already."),
    "before_last": Sentence("tanggal_baca", "Tanggal ini sebelum pembacaan terakhir.", "This day is before the last reading."),
    "too_many_digits": Sentence(
        "angka_meter", "Angka ini melebihi jumlah digit meter.", "This value has more digits than the meter."
    ),
    "below_previous": Sentence(
        "angka_meter", "Angka ini lebih kecil daripada pembacaan sebelumnya.", "This value is below the previous reading."
    ),
    "rolled_over": Sentence("angka_meter", "Meter tampaknya sudah kembali ke nol.", "The register seems to have turned over."),
    "unusually_high": Sentence(
        "angka_meter",
        "Pemakaian paling sedikit tiga kali rata-rata enam pembacaan terakhir.",
        "Use is at least three times the mean of the last six readings.",
    ),
    "zero": Sentence("angka_meter", "Tidak ada pemakaian.", "There is no use."),
}


def about(field: str, code: str) -> FieldError:
    """Return the error `code` of a form's field."""
    return FieldError(field, code, SENTENCES[code].id, SENTENCES[code].en)


def invalid(field: str, code: str) -> InvalidFields:
    """Return the error of one field of a form."""
    return InvalidFields(fields=[about(field, code)])
