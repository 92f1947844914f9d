"""Words and tones for work at the water utility: leaks, orders in the field, new connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from malang.twuin.v1 import leaks_pb2, new_connections_pb2, work_orders_pb2

from gateway.web import map as city_map
from gateway.web.catalog import _, translate_many
from gateway.web.labels import Label

OUTCOMES = {
    int(work_orders_pb2.WORK_KIND_LEAK): ("repaired", "not_found"),
    int(work_orders_pb2.WORK_KIND_SURVEY): ("surveyed",),
    int(work_orders_pb2.WORK_KIND_INSTALL): ("installed", "not_possible"),
}
NEEDS_NOTE = {"not_found", "not_possible"}
DIAMETERS = ("20", "25", "32", "50")  # mm, of a service pipe


def kelurahan(code: str) -> str:
    """Return the name of a kelurahan, its code where it is unknown."""
    return city_map.names().get(code, code)


def leak(state: int) -> Label:
    """Return the label of a leak's state."""
    p = leaks_pb2
    table: Mapping[Any, Label] = {  # enum values are of types of their own
        p.LEAK_STATE_OPEN: Label(_("Menunggu regu"), "warn"),
        p.LEAK_STATE_IN_WORK: Label(_("Sedang dikerjakan"), "info"),
        p.LEAK_STATE_REPAIRED: Label(_("Sudah diperbaiki"), "ok"),
        p.LEAK_STATE_NOT_FOUND: Label(_("Tidak ditemukan di lapangan"), ""),
        p.LEAK_STATE_WITHDRAWN: Label(_("Laporan dicabut pelapor"), ""),
    }
    return table.get(state, Label(_("Tidak diketahui"), ""))


def work(state: int) -> Label:
    """Return the label of a work order's state."""
    p = work_orders_pb2
    table: Mapping[Any, Label] = {  # enum values are of types of their own
        p.WORK_STATE_WAITING: Label(_("Belum ada regu"), "bad"),
        p.WORK_STATE_ASSIGNED: Label(_("Ditugaskan"), "warn"),
        p.WORK_STATE_ACCEPTED: Label(_("Diterima petugas"), "info"),
        p.WORK_STATE_ARRIVED: Label(_("Di lokasi"), "info"),
        p.WORK_STATE_COMPLETED: Label(_("Selesai"), "ok"),
        p.WORK_STATE_CANCELLED: Label(_("Dibatalkan"), ""),
    }
    return table.get(state, Label(_("Tidak diketahui"), ""))


def kind(value: int) -> str:
    """Return what a work order is for."""
    p = work_orders_pb2
    table: Mapping[Any, str] = {
        p.WORK_KIND_LEAK: _("Kebocoran"),
        p.WORK_KIND_SURVEY: _("Survei sambungan baru"),
        p.WORK_KIND_INSTALL: _("Pemasangan sambungan baru"),
    }
    return table.get(value, "")


def outcome(code: str) -> str:
    """Return how work in the field ended."""
    return {
        "repaired": _("Sudah diperbaiki"),
        "not_found": _("Kebocoran tidak ditemukan"),
        "surveyed": _("Survei selesai"),
        "installed": _("Meter terpasang"),
        "not_possible": _("Tidak dapat dipasang"),
    }.get(code, code)


def step(event: str) -> str:
    """Return what a step of a leak or of a work order says."""
    return {
        "opened": _("Kebocoran dilaporkan"),
        "joined": _("Laporan lain bergabung"),
        "created": _("Tugas dibuat"),
        "scheduled": _("Tugas dibuat"),
        "waiting": _("Menunggu regu"),
        "assigned": _("Ditugaskan kepada regu"),
        "accepted": _("Diterima petugas regu"),
        "released": _("Dikembalikan kepada regu"),
        "arrived": _("Petugas tiba di lokasi"),
        "photo": _("Foto ditambahkan"),
        "photo_added": _("Foto ditambahkan"),
        "materials": _("Bahan dicatat"),
        "materials_set": _("Bahan dicatat"),
        "completed": _("Pekerjaan selesai"),
        "reopened": _("Dibuka lagi oleh pelapor"),
        "withdrawn": _("Laporan dicabut pelapor"),
        "cancelled": _("Dibatalkan"),
    }.get(event) or outcome(event)


def told(state: int) -> str:
    """Return what the citizens who reported a leak are told while its work order is in `state`."""
    p = work_orders_pb2
    table: Mapping[Any, str] = {
        p.WORK_STATE_WAITING: _("Pelapor tahu laporannya diterima dan menunggu regu."),
        p.WORK_STATE_ASSIGNED: _("Pelapor tahu tugas ini sudah dijadwalkan."),
        p.WORK_STATE_ACCEPTED: _("Pelapor tahu petugas sudah menerima tugas ini."),
        p.WORK_STATE_ARRIVED: _("Pelapor tahu petugas sudah di lokasi."),
        p.WORK_STATE_COMPLETED: _("Pelapor sudah dikabari hasilnya dan diminta menilai."),
        p.WORK_STATE_CANCELLED: _("Tugas ini tidak dilanjutkan."),
    }
    return table.get(state, "")


def material(code: str) -> str:
    """Return the name of a material with its unit."""
    return {
        "pipe_20": _("Pipa 20 mm (meter)"),
        "pipe_25": _("Pipa 25 mm (meter)"),
        "pipe_32": _("Pipa 32 mm (meter)"),
        "pipe_50": _("Pipa 50 mm (meter)"),
        "clamp_saddle": _("Klem pelana (buah)"),
        "repair_clamp": _("Klem perbaikan (buah)"),
        "coupling": _("Penyambung pipa (buah)"),
        "elbow": _("Siku (buah)"),
        "ball_valve": _("Keran bola (buah)"),
        "gate_valve": _("Katup sorong (buah)"),
        "check_valve": _("Katup searah (buah)"),
        "water_meter": _("Meter air (buah)"),
        "meter_box": _("Kotak meter (buah)"),
        "seal": _("Segel (buah)"),
        "gravel": _("Kerikil (karung)"),
        "cement": _("Semen (karung)"),
    }.get(code, code)


def application(state: int) -> Label:
    """Return the label of an application for a new connection."""
    p = new_connections_pb2
    table: Mapping[Any, Label] = {  # enum values are of types of their own
        p.NEW_CONNECTION_STATE_APPLIED: Label(_("Sedang diperiksa"), "info"),
        p.NEW_CONNECTION_STATE_SURVEY: Label(_("Menunggu survei"), "info"),
        p.NEW_CONNECTION_STATE_PAYMENT: Label(_("Menunggu pembayaran"), "warn"),
        p.NEW_CONNECTION_STATE_INSTALLATION: Label(_("Menunggu pemasangan"), "info"),
        p.NEW_CONNECTION_STATE_HELD: Label(_("Tertahan: perlu surat lain"), "bad"),
        p.NEW_CONNECTION_STATE_ACTIVE: Label(_("Air mengalir"), "ok"),
        p.NEW_CONNECTION_STATE_REFUSED: Label(_("Ditolak"), "bad"),
        p.NEW_CONNECTION_STATE_WITHDRAWN: Label(_("Dibatalkan"), ""),
        p.NEW_CONNECTION_STATE_LAPSED: Label(_("Berakhir, tidak dibayar"), ""),
    }
    return table.get(state, Label(_("Tidak diketahui"), ""))


def application_step(event: str) -> str:
    """Return what a step of an application for a new connection says."""
    return {
        "applied": _("Permohonan dikirim"),
        "checked": _("Berkas diperiksa dan lengkap"),
        "surveyed": _("Rumah sudah disurvei"),
        "offered": _("Rincian biaya terbit"),
        "paid": _("Biaya lunas"),
        "installed": _("Meter dipasang"),
        "serial_taken": _("Nomor meter perlu dicatat ulang; regu datang sekali lagi"),
        "held": _("Tertahan karena surat tidak berlaku lagi"),
        "proof_replaced": _("Surat diganti"),
        "activated": _("Sambungan aktif"),
        "refused": _("Permohonan ditolak"),
        "withdrawn": _("Permohonan dibatalkan"),
        "lapsed": _("Berakhir karena biaya tidak dibayar"),
    }.get(event, event)


def paid(one: new_connections_pb2.NewConnection) -> bool:
    """Tell whether the cost of an application was paid."""
    return any(each.event == "paid" for each in one.steps)


def holder(code: str) -> str:
    """Return who has an application now."""
    return {
        "customer_service": _("Layanan pelanggan air"),
        "crew": _("Regu lapangan"),
        "applicant": _("Anda"),
    }.get(code, "")


def actor(code: str) -> str:
    """Return who made a step, as a role: citizens read no names of staff."""
    return {
        "applicant": _("Pemohon"),
        "citizen": _("Pemohon"),
        "customer_service": _("Layanan pelanggan air"),
        "water_cs": _("Layanan pelanggan air"),
        "operator": _("Operator"),
        "crew": _("Regu lapangan"),
        "staff": _("Petugas"),
        "system": _("Sistem"),
    }.get(code, "")


def reason(code: str) -> str:
    """Return why an application was refused or is held."""
    return {
        "arrears": _("Masih ada tagihan air yang belum dibayar."),
        "no_pipe": _("Belum ada pipa air di dekat rumah ini."),
        "proof_revoked": _("Surat domisili yang dipakai sudah dicabut."),
        "proof_expired": _("Surat domisili yang dipakai sudah habis masa berlakunya."),
        "documents": _("Dokumennya tidak memadai."),
        "not_possible": _("Sambungan tidak dapat dipasang di rumah ini."),
        "other": _("Alasan lain."),
    }.get(code, "")


def proof_reason(code: str) -> str:
    """Return why a letter cannot be the proof of domicile."""
    return {
        "revoked": _("Surat ini sudah dicabut."),
        "expired": _("Masa berlakunya sudah habis."),
        "wrong_kind": _("Bukan surat keterangan domisili."),
        "without_address": _("Surat ini tidak memuat alamat."),
    }.get(code, code)


def cost(code: str) -> str:
    """Return the name of a line of the cost of a new connection."""
    return {
        "registration": _("Pendaftaran"),
        "meter": _("Meter air"),
        "pipe_20": _("Pipa 20 mm, per meter"),
        "pipe_25": _("Pipa 25 mm, per meter"),
        "pipe_32": _("Pipa 32 mm, per meter"),
        "pipe_50": _("Pipa 50 mm, per meter"),
        "pipe_per_m": _("Pipa, per meter"),
        "labour": _("Tenaga pemasangan"),
        "deposit": _("Uang jaminan"),
    }.get(code, code)


def document(kind_of: str) -> str:
    """Return what a document of an application shows."""
    return {"house": _("Foto rumah"), "sketch": _("Denah lokasi")}.get(kind_of, kind_of)


def age(hours: int) -> str:
    """Return an age in words: hours up to two days, then days."""
    if hours < 1:
        return _("kurang dari sejam")
    if hours < 48:  # noqa: PLR2004 - two days
        return translate_many("%(num)s jam", "%(num)s jam", hours) % {"num": hours}
    return translate_many("%(num)s hari", "%(num)s hari", hours // 24) % {"num": hours // 24}
