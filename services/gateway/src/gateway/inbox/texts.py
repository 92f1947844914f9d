"""Every notice's words, in both languages, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chassis.errors import Language


@dataclass(frozen=True, slots=True)
class NoticeText:
    """A notice as it is read."""

    title: str
    body: str


# code -> language -> title, body. Placeholders are the parameters that the subscription stores.
TEXTS: dict[str, dict[Language, tuple[str, str]]] = {
    "welcome": {
        "id": ("Selamat datang", "Akun Anda sudah aktif. Ajukan surat di Singo atau hubungkan sambungan air di Twuin."),
        "en": ("Welcome", "Your account is active. Apply for a letter in Singo or link your water connection in Twuin."),
    },
    "phone_changed": {
        "id": ("Nomor HP diganti", "Nomor HP akun Anda sudah diganti."),
        "en": ("Phone number changed", "The phone number of your account was changed."),
    },
    "application_submitted": {
        "id": ("Permohonan diterima", "Permohonan {reference} sudah kami terima dan selesai paling lambat {due_on}."),
        "en": ("Application received", "We have received application {reference}; it will be answered by {due_on}."),
    },
    "application_returned": {
        "id": (
            "Permohonan perlu diperbaiki",
            "Petugas mengembalikan permohonan {reference}. Lihat alasannya, perbaiki, lalu kirim lagi.",
        ),
        "en": (
            "Application needs correction",
            "Application {reference} was returned. See the reasons, correct it and send it again.",
        ),
    },
    "application_approved": {
        "id": ("Permohonan disetujui", "Permohonan {reference} lolos pemeriksaan dan menunggu tanda tangan lurah."),
        "en": ("Application approved", "Application {reference} passed the check and awaits the lurah's signature."),
    },
    "application_refused": {
        "id": ("Permohonan ditolak", "Permohonan {reference} tidak dapat dipenuhi. Alasannya ada di halaman permohonan."),
        "en": ("Application refused", "Application {reference} cannot be granted. The reason is on its page."),
    },
    "letter_issued": {
        "id": ("Surat selesai", "Surat untuk permohonan {reference} sudah ditandatangani dan dapat diunduh."),
        "en": ("Letter ready", "The letter for application {reference} is signed and can be downloaded."),
    },
    "bill_issued": {
        "id": ("Tagihan air {period}", "Pemakaian {volume} m³, tagihan {amount}. Bayar paling lambat {due_on}."),
        "en": ("Water bill {period}", "Use {volume} m³, amount {amount}. Please pay by {due_on}."),
    },
    "payment_received": {
        "id": ("Pembayaran diterima", "Pembayaran {amount} sudah kami terima. Nomor bukti {receipt_number}."),
        "en": ("Payment received", "We have received your payment of {amount}. Receipt number {receipt_number}."),
    },
    "payment_to_refund": {
        "id": ("Pembayaran akan dikembalikan", "Pembayaran {amount} tidak dapat dipakai ({reason}) dan akan dikembalikan."),
        "en": ("Payment to be refunded", "Your payment of {amount} could not be used ({reason}) and will be refunded."),
    },
    "connection_linked": {
        "id": ("Sambungan air terhubung", "Sambungan air terhubung ke akun Anda. Tagihan dan pemakaiannya kini terlihat di sini."),
        "en": ("Water connection linked", "A water connection was linked to your account. Its bills and usage are now shown here."),
    },
    "connection_unlinked": {
        "id": ("Sambungan air dilepas", "Sambungan air tidak lagi terhubung ke akun Anda."),
        "en": ("Water connection unlinked", "A water connection is no longer linked to your account."),
    },
}
REASONS: dict[str, dict[Language, str]] = {
    "already_paid": {"id": "tagihan sudah dibayar", "en": "the bill was already paid"},
    "expired": {"id": "masa bayar sudah lewat", "en": "the payment had expired"},
    "cancelled": {"id": "pembayaran sudah dibatalkan", "en": "the payment had been cancelled"},
    "wrong_amount": {"id": "jumlahnya tidak sesuai", "en": "the amount was wrong"},
}
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


def text(code: str, params: Mapping[str, object], language: Language) -> NoticeText:
    """Return the words of a notice."""
    title, body = TEXTS[code][language]
    shown = {name: _shown(name, value, language) for name, value in params.items()}
    return NoticeText(title.format(**shown), body.format(**shown))


def _shown(name: str, value: object, language: Language) -> str:
    if name == "amount":
        return f"Rp {int(str(value)):,}".replace(",", ".")
    if name == "reason":
        return REASONS.get(str(value), {}).get(language, str(value))
    if name in {"due_on", "period"}:
        return _day(str(value), language)
    return str(value)


def _day(value: str, language: Language) -> str:
    """Return YYYY-MM-DD or YYYY-MM as people write it."""
    parts = value.split("-")
    if not all(part.isdigit() for part in parts) or len(parts) not in {2, 3} or not 1 <= int(parts[1]) <= 12:  # noqa: PLR2004 - months
        return value
    words = [_MONTHS[language][int(parts[1]) - 1], parts[0]]
    return " ".join([str(int(parts[2])), *words] if len(parts) == 3 else words)  # noqa: PLR2004 - with a day
