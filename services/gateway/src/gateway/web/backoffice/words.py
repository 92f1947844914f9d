"""Words for staff: states, events and purposes as an office says them."""

from __future__ import annotations

from collections.abc import Iterable

from malang.singo.v1 import applications_pb2
from malang.twuin.v1 import billing_pb2

from gateway.web import labels
from gateway.web.catalog import _, translate_many
from gateway.web.labels import Label

PURPOSES = ("check", "sign", "complaint", "customer_service", "payment", "reading", "other")
SOON = 1  # working days left from which on an application is urgent


def purpose(code: str) -> str:
    """Return a purpose as the list of choices says it."""
    return {
        "check": _("Memeriksa permohonan"),
        "sign": _("Menandatangani surat"),
        "complaint": _("Menangani pengaduan"),
        "customer_service": _("Membantu pelanggan"),
        "payment": _("Melayani pembayaran"),
        "reading": _("Pencatatan meter"),
        "other": _("Keperluan dinas lainnya"),
    }.get(code, code)


def application(state: int) -> Label:
    """Return the label of an application's state, as its desk reads it."""
    own: dict[int, Label] = {
        applications_pb2.APPLICATION_STATE_SUBMITTED: Label(_("Menunggu pemeriksaan"), "info"),
        applications_pb2.APPLICATION_STATE_RETURNED: Label(_("Diperbaiki pemohon"), "warn"),
    }
    return own.get(state) or labels.application(state)


def event(name: str) -> str:
    """Return what a line of a time line says to staff."""
    return {
        "claimed": _("Diambil petugas"),
        "returned": _("Dikembalikan kepada pemohon"),
        "checked": _("Satu pemeriksaan selesai"),
        "approved": _("Disetujui petugas"),
        "signing": _("Surat sedang dibuat"),
    }.get(name, labels.event(name))


def urgency(days: int) -> Label:
    """Return how much time is left, in working days."""
    if days < 0:
        late = translate_many("Lewat %(num)s hari kerja", "Lewat %(num)s hari kerja", -days)
        return Label(late % {"num": -days}, "bad")
    if days == 0:
        return Label(_("Hari terakhir"), "bad")
    left = translate_many("%(num)s hari kerja lagi", "%(num)s hari kerja lagi", days)
    return Label(left % {"num": days}, "warn" if days <= SOON else "ok")


def run(state: int) -> Label:
    """Return the label of a billing run's state."""
    known: dict[int, Label] = {
        billing_pb2.RUN_STATE_RUNNING: Label(_("Sedang berjalan"), "info"),
        billing_pb2.RUN_STATE_FINISHED: Label(_("Selesai"), "ok"),
        billing_pb2.RUN_STATE_INTERRUPTED: Label(_("Terhenti"), "bad"),
    }
    return known.get(state) or Label(_("Tidak diketahui"), "")


def warning(code: str) -> str:
    """Return what is unusual about a reading."""
    return {
        "rolled_over": _("kembali ke nol"),
        "unusually_high": _("tinggi"),
        "zero": _("tanpa pemakaian"),
    }.get(code, code)


def change(action: str) -> str:
    """Return what was done to an account of staff."""
    return {
        "created": _("Akun dibuat"),
        "duties": _("Tugas diganti"),
        "second_factor_reset": _("Faktor kedua dihapus"),
        "password_reset": _("Kata sandi diganti admin"),
        "ended": _("Akun diakhiri"),
    }.get(action, action)


def roles(codes: Iterable[str]) -> str:
    """Return roles as a list in words."""
    return ", ".join(labels.role(code) for code in sorted(codes))
