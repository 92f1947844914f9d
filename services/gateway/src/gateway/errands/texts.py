"""The words of errands in both languages: what they are, where they stand, who has them."""

from __future__ import annotations

from chassis.errors import Language

Words = dict[Language, str]

TITLES: dict[str, Words] = {
    "letter": {"id": "Surat {detail}", "en": "Letter: {detail}"},
    "complaint": {"id": "Laporan {reference}", "en": "Report {reference}"},
    "new_connection": {"id": "Sambungan air baru", "en": "New water connection"},
    "bill": {"id": "Tagihan air {detail}", "en": "Water bill for {detail}"},
}
STATES: dict[str, dict[str, Words]] = {
    "letter": {
        "submitted": {"id": "Permohonan dikirim, sedang diperiksa", "en": "Sent, being checked"},
        "returned": {"id": "Dikembalikan untuk diperbaiki", "en": "Returned for correction"},
        "approved": {"id": "Menunggu tanda tangan lurah", "en": "Waits for the lurah's signature"},
        "issued": {"id": "Surat terbit", "en": "Letter issued"},
        "revoked": {"id": "Surat dicabut", "en": "Letter revoked"},
        "refused": {"id": "Ditolak", "en": "Refused"},
        "withdrawn": {"id": "Dibatalkan", "en": "Withdrawn"},
    },
    "complaint": {
        "filed": {"id": "Diterima", "en": "Received"},
        "assigned": {"id": "Sudah ada yang menangani", "en": "Somebody is dealing with it"},
        "answered": {"id": "Dijawab, pengerjaan berlanjut", "en": "Answered, the work goes on"},
        "joined": {"id": "Digabung dengan laporan kebocoran yang sama", "en": "Joined to a report of the same leak"},
        "scheduled": {"id": "Perbaikan dijadwalkan", "en": "Repair scheduled"},
        "accepted": {"id": "Regu lapangan menerima tugas", "en": "A field crew has taken the job"},
        "arrived": {"id": "Regu lapangan di lokasi", "en": "The field crew is on site"},
        "resolved": {"id": "Selesai", "en": "Resolved"},
        "rated": {"id": "Selesai dan dinilai", "en": "Resolved and rated"},
        "reopened": {"id": "Dibuka lagi", "en": "Reopened"},
        "refused": {"id": "Ditolak", "en": "Refused"},
        "withdrawn": {"id": "Dicabut pelapor", "en": "Withdrawn"},
    },
    "new_connection": {
        "applied": {"id": "Permohonan dikirim, sedang diperiksa", "en": "Sent, being checked"},
        "survey": {"id": "Menunggu survei lokasi", "en": "Waits for the survey"},
        "payment": {"id": "Menunggu pembayaran biaya", "en": "Waits for payment"},
        "installation": {"id": "Menunggu pemasangan meter", "en": "Waits for the installation"},
        "held": {"id": "Tertahan: perlu surat lain", "en": "On hold: another letter is needed"},
        "active": {"id": "Sambungan aktif", "en": "Connection active"},
        "refused": {"id": "Ditolak", "en": "Refused"},
        "withdrawn": {"id": "Dibatalkan", "en": "Withdrawn"},
        "lapsed": {"id": "Berakhir: biaya tidak dibayar", "en": "Ended: the cost was not paid"},
    },
    "bill": {
        "issued": {"id": "Belum dibayar", "en": "To be paid"},
        "paid": {"id": "Lunas", "en": "Paid"},
    },
}
WHOM: dict[str, Words] = {
    "citizen": {"id": "Anda", "en": "You"},
    "officer": {"id": "Petugas kelurahan", "en": "Kelurahan officer"},
    "lurah": {"id": "Lurah", "en": "Lurah"},
    "twuin": {"id": "Perumda Air Minum", "en": "Water utility"},
    "customer_service": {"id": "Layanan pelanggan air", "en": "Water customer service"},
    "crew": {"id": "Regu lapangan", "en": "Field crew"},
}
