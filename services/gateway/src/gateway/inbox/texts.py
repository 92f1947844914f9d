"""Every notice's words, in both languages, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chassis.errors import Language

from gateway.dates import in_words


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
        "id": ("Nomor telepon diganti", "Nomor telepon akun Anda sudah diganti."),
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
    "application_withdrawn": {
        "id": ("Permohonan dibatalkan", "Permohonan {reference} sudah Anda batalkan."),
        "en": ("Application withdrawn", "You have withdrawn application {reference}."),
    },
    "letter_revoked": {
        "id": (
            "Surat dicabut",
            "Surat untuk permohonan {reference} dicabut oleh lurah. Alasannya ada di halaman pemeriksaan surat.",
        ),
        "en": (
            "Letter revoked",
            "The lurah revoked the letter for application {reference}. The reason is on its verification page.",
        ),
    },
    "complaint_filed": {
        "id": ("Laporan diterima", "Laporan {number} sudah kami terima dan ditangani paling lambat {resolve_by}."),
        "en": ("Report received", "We have received report {number}; it will be dealt with by {resolve_by}."),
    },
    "complaint_assigned": {
        "id": ("Laporan ditangani", "Laporan {number} sudah ada yang menangani."),
        "en": ("Report taken on", "Somebody is dealing with report {number}."),
    },
    "complaint_answered": {
        "id": ("Laporan dijawab", "Ada jawaban untuk laporan {number}. Pengerjaannya masih berlanjut."),
        "en": ("Report answered", "There is an answer to report {number}. The work goes on."),
    },
    "complaint_progressed": {
        "id": ("Kabar laporan {number}", "Laporan {number}: {step}."),
        "en": ("News of report {number}", "Report {number}: {step}."),
    },
    "complaint_resolved": {
        "id": (
            "Laporan selesai",
            "Laporan {number} selesai: {outcome}. Sudah puas? Pelapor dapat memberi nilai, atau membukanya lagi sampai {reopen_until}.",
        ),
        "en": (
            "Report resolved",
            "Report {number} is resolved: {outcome}. Satisfied? Its reporter can rate it, or reopen it until {reopen_until}.",
        ),
    },
    "complaint_reopened": {
        "id": ("Laporan dibuka lagi", "Laporan {number} dibuka lagi dan ditangani paling lambat {resolve_by}."),
        "en": ("Report reopened", "Report {number} was reopened; it will be dealt with by {resolve_by}."),
    },
    "complaint_refused": {
        "id": ("Laporan ditolak", "Laporan {number} tidak dapat ditangani. Alasannya ada di halaman laporan."),
        "en": ("Report refused", "Report {number} cannot be dealt with. The reason is on its page."),
    },
    "complaint_withdrawn": {
        "id": ("Laporan dicabut", "Laporan {number} dicabut oleh pelapornya."),
        "en": ("Report withdrawn", "Report {number} was withdrawn by its reporter."),
    },
    "complaint_rated": {
        "id": ("Terima kasih atas penilaian Anda", "Nilai {rating} untuk laporan {number} sudah kami catat."),
        "en": ("Thank you for your rating", "We have noted your rating of {rating} for report {number}."),
    },
    "new_connection_applied": {
        "id": ("Permohonan sambungan diterima", "Permohonan {number} sudah kami terima dan diperiksa paling lambat {due_on}."),
        "en": ("Connection application received", "We have received application {number}; it will be checked by {due_on}."),
    },
    "new_connection_advanced": {
        "id": ("Permohonan sambungan berlanjut", "Permohonan {number}: {step}, paling lambat {due_on}."),
        "en": ("Connection application moves on", "Application {number}: {step}, by {due_on}."),
    },
    "new_connection_offered": {
        "id": ("Biaya sambungan baru", "Biaya untuk permohonan {number} adalah {amount}. Bayar paling lambat {due_on}."),
        "en": ("Cost of the new connection", "The cost for application {number} is {amount}. Please pay by {due_on}."),
    },
    "new_connection_held": {
        "id": (
            "Sambungan baru tertahan",
            "Meter untuk permohonan {number} sudah terpasang, tetapi {reason}. Berikan surat lain agar air dapat mengalir.",
        ),
        "en": (
            "New connection on hold",
            "The meter for application {number} is installed, but {reason}. Give another letter so that the water can flow.",
        ),
    },
    "new_connection_refused": {
        "id": (
            "Permohonan sambungan ditolak",
            "Permohonan {number} tidak dapat dipenuhi: {reason}. Penjelasannya ada di halamannya.",
        ),
        "en": ("Connection application refused", "Application {number} cannot be granted: {reason}. Its page explains it."),
    },
    "new_connection_activated": {
        "id": ("Air mengalir", "Sambungan dari permohonan {number} sudah aktif dan terhubung ke akun Anda."),
        "en": ("The water flows", "The connection of application {number} is active and linked to your account."),
    },
    "new_connection_withdrawn": {
        "id": ("Permohonan sambungan dibatalkan", "Permohonan {number} sudah dibatalkan."),
        "en": ("Connection application withdrawn", "Application {number} was withdrawn."),
    },
    "new_connection_lapsed": {
        "id": (
            "Permohonan sambungan berakhir",
            "Biaya untuk permohonan {number} tidak dibayar sampai batas waktunya, jadi permohonan ini berakhir. Anda dapat mengajukan lagi.",
        ),
        "en": (
            "Connection application ended",
            "The cost for application {number} was not paid in time, so the application has ended. You can apply again.",
        ),
    },
    "bill_issued": {
        "id": ("Tagihan air {period}", "Pemakaian {volume} m³, tagihan {amount}. Bayar paling lambat {due_on}."),
        "en": ("Water bill {period}", "Use {volume} m³, amount {amount}. Please pay by {due_on}."),
    },
    "payment_received": {
        "id": ("Pembayaran diterima", "Pembayaran {amount} sudah kami terima. Nomor kuitansi {receipt_number}."),
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
    "bill_cancelled": {"id": "tagihannya sudah dibatalkan", "en": "its bill had been cancelled"},
    "expired": {"id": "masa bayar sudah lewat", "en": "the payment had expired"},
    "cancelled": {"id": "pembayaran sudah dibatalkan", "en": "the payment had been cancelled"},
    "wrong_amount": {"id": "jumlahnya tidak sesuai", "en": "the amount was wrong"},
    "proof_revoked": {"id": "surat domisilinya dicabut", "en": "the domicile letter was revoked"},
    "proof_expired": {"id": "surat domisilinya habis masa berlaku", "en": "the domicile letter has expired"},
    "arrears": {"id": "masih ada tagihan air yang belum dibayar", "en": "there are unpaid water bills"},
    "no_pipe": {"id": "tidak ada pipa di dekat rumah", "en": "no main is near the house"},
    "documents": {"id": "dokumennya tidak memenuhi syarat", "en": "the documents do not suffice"},
    "not_possible": {"id": "pemasangan tidak mungkin dilakukan", "en": "the installation is not possible"},
    "refused": {"id": "permohonan sambungannya ditolak", "en": "the application for the connection was refused"},
    "other": {"id": "alasan lain", "en": "for another reason"},
}
STEPS: dict[str, dict[Language, str]] = {
    "joined": {"id": "diteruskan ke Perumda Air Minum", "en": "passed on to the water utility"},
    "scheduled": {"id": "perbaikannya dijadwalkan", "en": "the repair is scheduled"},
    "accepted": {"id": "regu lapangan sudah menerima tugas", "en": "a field crew has taken the job"},
    "arrived": {"id": "regu lapangan sudah di lokasi", "en": "the field crew is on site"},
    "survey": {"id": "petugas akan menyurvei lokasi", "en": "a crew will survey the place"},
    "installation": {"id": "petugas akan memasang meter", "en": "a crew will install the meter"},
}
OUTCOMES: dict[str, dict[Language, str]] = {
    "answered": {"id": "sudah ditangani", "en": "dealt with"},
    "repaired": {"id": "sudah diperbaiki", "en": "repaired"},
    "not_found": {"id": "petugas tidak menemukan kebocoran di lokasi", "en": "the crew found no leak on site"},
}
_CODES = {"reason": REASONS, "step": STEPS, "outcome": OUTCOMES}


def text(code: str, params: Mapping[str, object], language: Language) -> NoticeText:
    """Return the words of a notice."""
    title, body = TEXTS[code][language]
    shown = {name: _shown(name, value, language) for name, value in params.items()}
    return NoticeText(title.format(**shown), body.format(**shown))


def _shown(name: str, value: object, language: Language) -> str:
    if name == "amount":
        figures = f"{int(str(value)):,}"
        return f"Rp {figures if language == 'en' else figures.replace(',', '.')}"
    if name in _CODES:
        return _CODES[name].get(str(value), {}).get(language, str(value))
    if name in {"due_on", "period", "resolve_by", "reopen_until"}:
        return in_words(str(value), language)
    return str(value)
