"""Words and tones for the states that other services answer with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from malang.singo.v1 import applications_pb2, charter_pb2, complaints_pb2
from malang.twuin.v1 import billing_pb2, connections_pb2, payments_pb2

from gateway.web.catalog import _


class Label(NamedTuple):
    """What a badge says, and its tone: "", ok, warn, bad or info."""

    text: str
    tone: str


def application(state: int) -> Label:
    """Return the label of an application's state."""
    p = applications_pb2
    table: Mapping[Any, Label] = {  # enum values are of types of their own
        p.APPLICATION_STATE_DRAFT: Label(_("Draf"), ""),
        p.APPLICATION_STATE_SUBMITTED: Label(_("Sedang diperiksa"), "info"),
        p.APPLICATION_STATE_RETURNED: Label(_("Perlu perbaikan"), "warn"),
        p.APPLICATION_STATE_APPROVED: Label(_("Menunggu tanda tangan"), "info"),
        p.APPLICATION_STATE_SIGNING: Label(_("Sedang ditandatangani"), "info"),
        p.APPLICATION_STATE_SIGNED: Label(_("Selesai"), "ok"),
        p.APPLICATION_STATE_REFUSED: Label(_("Ditolak"), "bad"),
        p.APPLICATION_STATE_WITHDRAWN: Label(_("Dibatalkan"), ""),
    }
    return table.get(state, Label(_("Tidak diketahui"), ""))


def event(name: str) -> str:
    """Return what a line of an application's time line says."""
    return {
        "drafted": _("Draf dibuat"),
        "submitted": _("Permohonan dikirim"),
        "claimed": _("Mulai diperiksa petugas"),
        "released": _("Dikembalikan ke antrean petugas"),
        "returned": _("Dikembalikan kepada Anda untuk diperbaiki"),
        "corrected": _("Perbaikan dikirim"),
        "approved": _("Disetujui petugas, menunggu tanda tangan lurah"),
        "signing": _("Surat sedang dibuat dan ditandatangani"),
        "signed": _("Surat ditandatangani dan terbit"),
        "refused": _("Permohonan ditolak"),
        "withdrawn": _("Permohonan dibatalkan"),
    }.get(name, name)


def step_role(role: int) -> str:
    """Return who acts in a step of a procedure."""
    table: Mapping[Any, str] = {  # enum values are of types of their own
        charter_pb2.STEP_ROLE_CITIZEN: _("Pemohon"),
        charter_pb2.STEP_ROLE_OFFICER: _("Petugas kelurahan"),
        charter_pb2.STEP_ROLE_LURAH: _("Lurah"),
    }
    return table.get(role, "")


def bill(state: int, *, late: bool = False) -> Label:
    """Return the label of a bill's state."""
    if state == billing_pb2.BILL_STATE_OPEN:
        return Label(_("Lewat jatuh tempo"), "bad") if late else Label(_("Belum dibayar"), "warn")
    table: Mapping[Any, Label] = {  # enum values are of types of their own
        billing_pb2.BILL_STATE_PAID: Label(_("Lunas"), "ok"),
        billing_pb2.BILL_STATE_CANCELLED: Label(_("Dibatalkan"), ""),
    }
    return table.get(state, Label(_("Tidak diketahui"), ""))


def payment(state: int) -> Label:
    """Return the label of a payment's state."""
    p = payments_pb2
    table: Mapping[Any, Label] = {  # enum values are of types of their own
        p.PAYMENT_STATE_STARTING: Label(_("Sedang disiapkan"), "info"),
        p.PAYMENT_STATE_PENDING: Label(_("Menunggu pembayaran"), "warn"),
        p.PAYMENT_STATE_PAID: Label(_("Berhasil"), "ok"),
        p.PAYMENT_STATE_EXPIRED: Label(_("Kedaluwarsa"), ""),
        p.PAYMENT_STATE_CANCELLED: Label(_("Dibatalkan"), ""),
        p.PAYMENT_STATE_TO_REFUND: Label(_("Dana akan dikembalikan"), "info"),
    }
    return table.get(state, Label(_("Tidak diketahui"), ""))


def connection(state: int) -> Label:
    """Return the label of a connection's state."""
    table: Mapping[Any, Label] = {  # enum values are of types of their own
        connections_pb2.CONNECTION_STATE_PLANNED: Label(_("Belum terpasang"), "info"),
        connections_pb2.CONNECTION_STATE_ACTIVE: Label(_("Aktif"), "ok"),
        connections_pb2.CONNECTION_STATE_CLOSED: Label(_("Ditutup sementara"), "warn"),
        connections_pb2.CONNECTION_STATE_REMOVED: Label(_("Dicabut"), ""),
    }
    return table.get(state, Label(_("Tidak diketahui"), ""))


def channel(value: int) -> str:
    """Return the name of a payment channel."""
    return {int(payments_pb2.CHANNEL_VA): _("Virtual account bank"), int(payments_pb2.CHANNEL_QRIS): "QRIS"}.get(value, "")


def role(code: str) -> str:
    """Return the name of a staff role, as citizens read it."""
    return {
        "officer": _("Petugas kelurahan"),
        "lurah": _("Lurah"),
        "water_cs": _("Layanan pelanggan air"),
        "cashier": _("Kasir"),
        "crew": _("Petugas lapangan"),
        "operator": _("Operator"),
        "admin": _("Administrator"),
        "twuin": _("Sistem Perumda Air Minum"),
        "workload": _("Sistem Perumda Air Minum"),
    }.get(code, code)


def purpose(code: str) -> str:
    """Return why personal data was read."""
    return {
        "check": _("Memeriksa permohonan"),
        "sign": _("Menandatangani surat"),
        "support": _("Membantu pelanggan"),
        "customer_service": _("Membantu pelanggan"),
        "payment": _("Melayani pembayaran"),
        "reading": _("Pencatatan meter"),
        "account_reset": _("Memulihkan akun"),
        "complaint": _("Menangani pengaduan"),
        "work_order": _("Mendatangi rumah untuk survei atau pemasangan"),
        "other": _("Keperluan dinas lainnya"),
    }.get(code, code)


def subject_kind(kind: str) -> str:
    """Return what was looked at."""
    return {
        "application": _("Permohonan surat"),
        "attachment": _("Lampiran permohonan"),
        "connection": _("Data sambungan air"),
        "new_connection": _("Permohonan sambungan baru"),
        "work_order": _("Alamat pada tugas lapangan"),
        "bill": _("Tagihan air"),
        "bills": _("Tagihan air"),
        "account": _("Akun"),
        "complaint": _("Isi laporan"),
        "photo": _("Foto laporan"),
    }.get(kind, kind)


def complaint(state: int) -> Label:
    """Return the label of a report's state."""
    p = complaints_pb2
    table: Mapping[Any, Label] = {  # enum values are of types of their own
        p.COMPLAINT_STATE_FILED: Label(_("Menunggu ditangani"), "warn"),
        p.COMPLAINT_STATE_ASSIGNED: Label(_("Sedang ditangani"), "info"),
        p.COMPLAINT_STATE_ANSWERED: Label(_("Sudah dijawab, dikerjakan"), "info"),
        p.COMPLAINT_STATE_RESOLVED: Label(_("Selesai"), "ok"),
        p.COMPLAINT_STATE_REOPENED: Label(_("Dibuka lagi"), "warn"),
        p.COMPLAINT_STATE_REFUSED: Label(_("Ditolak"), "bad"),
        p.COMPLAINT_STATE_WITHDRAWN: Label(_("Dicabut pelapor"), ""),
    }
    return table.get(state, Label(_("Tidak diketahui"), ""))


def complaint_event(name: str) -> str:
    """Return what a line of a report's time line says."""
    return {
        "filed": _("Laporan dikirim"),
        "assigned": _("Petugas mulai menangani"),
        "answered": _("Petugas menjawab"),
        "resolved": _("Dinyatakan selesai"),
        "reopened": _("Dibuka lagi oleh pelapor"),
        "refused": _("Laporan ditolak"),
        "withdrawn": _("Laporan dicabut pelapor"),
        "rated": _("Pelapor memberi penilaian"),
        "water_joined": _("Diteruskan ke Perumda Air Minum"),
        "water_scheduled": _("Tugas perbaikan dibuat untuk regu lapangan"),
        "water_accepted": _("Regu lapangan menerima tugas"),
        "water_arrived": _("Regu lapangan tiba di lokasi"),
        "water_repaired": _("Kebocoran selesai diperbaiki"),
        "water_not_found": _("Regu lapangan tidak menemukan kebocoran"),
    }.get(name, name)


def complaint_actor(code: str) -> str:
    """Return who acted in a line of a report's time line."""
    return {
        "citizen": _("Pelapor"),
        "guest": _("Pelapor"),
        "officer": _("Petugas kelurahan"),
        "twuin": _("Perumda Air Minum"),
        "system": _("Sistem"),
    }.get(code, "")


def rating(value: int) -> str:
    """Return what a rating of 1 to 5 says."""
    return {1: _("Sangat tidak puas"), 2: _("Tidak puas"), 3: _("Cukup"), 4: _("Puas"), 5: _("Sangat puas")}.get(value, "")
