"""What connections say no with."""

from __future__ import annotations

from chassis.errors import FieldError, InvalidFields, NotFound, Refused


class ConnectionNotFound(NotFound):
    """Not this person's, not in this person's area, or not there at all."""

    id = "Sambungan tidak ditemukan."
    en = "There is no such connection."


class ProofWrong(Refused):
    """The same sentence for an unknown number and for a wrong proof, so that nothing can be found out by trying."""

    id = "Data yang dimasukkan tidak cocok dengan catatan kami. Sisa kesempatan: {left}."
    en = "What you entered does not match our records. Tries left: {left}."


class TooManyTries(Refused):
    """Tries are used up; one waits."""

    id = "Terlalu banyak percobaan. Coba lagi setelah {until}."
    en = "Too many tries. Try again after {until}."


class PhoneProofGone(NotFound):
    """Already handed over, expired, or with nothing to send."""

    id = "Tidak ada kode yang perlu dikirim."
    en = "There is no code to send."


def invalid(field: str, code: str, id: str, en: str) -> InvalidFields:  # noqa: A002 - the language
    """Return the error of one field."""
    return InvalidFields(fields=[FieldError(field, code, id, en)])


def number_invalid(field: str = "connection_number") -> InvalidFields:
    """Return the error of a connection number that cannot be one."""
    return invalid(
        field, "connection_number",
        "Nomor sambungan terdiri dari 6 sampai 12 angka, seperti tertera pada tagihan.",
        "A connection number has 6 to 12 digits, as printed on the bill.",
    )  # fmt: skip


def purpose_missing() -> InvalidFields:
    """Return the error of a view of personal data without a reason."""
    return invalid(
        "purpose", "required",
        "Tuliskan keperluan melihat data ini (5 sampai 200 huruf).",
        "Say why you look at this data (5 to 200 characters).",
    )  # fmt: skip
