"""What the pages of the back office share: menu by role, what was just done, lists with filters, the purpose of a look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import g, request
from flask.typing import ResponseReturnValue

from gateway.identity.sessions import Staff
from gateway.web import calls, chrome
from gateway.web.backoffice import words
from gateway.web.catalog import _, translate_many
from gateway.web.chrome import MenuItem
from gateway.web.entries import Entry

further = calls.further
DESK = ("officer", "lurah")
CUSTOMERS = ("water_cs", "cashier", "operator")
FIELD = ("water_cs", "operator", "crew")
INTAKE = ("water_cs", "operator")
RUNS = ("operator", "admin")
BILLS = ("water_cs", "cashier", "admin")
_WATER: tuple[tuple[str, tuple[str, ...], Callable[[], str]], ...] = (
    ("/kantor/air", CUSTOMERS, lambda: _("Pelanggan")),
    ("/kantor/air/baca", FIELD, lambda: _("Catat meter")),
    ("/kantor/air/unggah", INTAKE, lambda: _("Unggah bacaan")),
    ("/kantor/air/meter", FIELD, lambda: _("Ganti meter")),
    ("/kantor/air/tagihan", RUNS, lambda: _("Terbitkan tagihan")),
)
_FIELD: tuple[tuple[str, Callable[[], str]], ...] = (
    ("/kantor/kebocoran", lambda: translate_many("Kebocoran", "Kebocoran", 2)),
    ("/kantor/tugas-lapangan", lambda: _("Tugas lapangan")),
    ("/kantor/sambungan-baru", lambda: translate_many("Sambungan baru", "Sambungan baru", 2)),
)


def page(template: str, entry: Entry | None = None, **context: Any) -> ResponseReturnValue:
    """Render a page of the back office."""
    return chrome.page(f"office/{template}", entry, words=words, **context)


def shared() -> dict[str, object]:
    """Give every page the menu and the words of the back office where a member of staff looks at it."""
    if not isinstance(g.get("person"), Staff):
        return {}
    return {"menu": menu, "flashes": done_notices, "water_tabs": water_tabs, "field_tabs": field_tabs}


def menu() -> list[MenuItem]:
    """Return what the present member of staff can use."""
    who: Staff = g.person
    water = water_tabs()
    entries = [("/kantor", _("Beranda"), "home")]
    if who.has(*DESK):
        entries.append(("/kantor/permohonan", _("Permohonan"), "queue"))
        entries.append(("/kantor/laporan", _("Laporan"), "alert"))
        entries.append(("/kantor/surat", _("Surat"), "seal"))
    if who.has("crew"):
        entries.append(("/kantor/regu", _("Tugas regu"), "pin"))
    if who.has(*INTAKE):
        entries.append(("/kantor/kebocoran", _("Lapangan"), "pin"))
    if water:
        entries.append((water[0][0], _("Air"), "drop"))
    if who.has("admin"):
        entries.append(("/kantor/petugas", _("Petugas"), "person"))
        entries.append(("/kantor/platform", _("Platform"), "gauge"))
    entries.append(("/kantor/akun", _("Akun saya"), "lock"))
    return [MenuItem(url, text, icon, _is_here(url)) for url, text, icon in entries]


def _is_here(url: str) -> bool:
    if url.startswith("/kantor/air"):
        return request.path.startswith("/kantor/air")
    if url == "/kantor/kebocoran":
        return any(here for _url, _text, here in field_tabs())
    return request.path == url or (url != "/kantor" and request.path.startswith(f"{url}/"))


def water_tabs() -> list[tuple[str, str, bool]]:
    """Return the desks of the water utility that the present member of staff can use."""
    who: Staff = g.person
    open_to = [(url, text()) for url, roles, text in _WATER if who.has(*roles)]
    here = max((url for url, _text in open_to if request.path == url or request.path.startswith(f"{url}/")), key=len, default="")
    return [(url, text, url == here) for url, text in open_to]


def field_tabs() -> list[tuple[str, str, bool]]:
    """Return the pages about work in the field."""
    return [(url, text(), request.path == url or request.path.startswith(f"{url}/")) for url, text in _FIELD]


def done_notices() -> list[tuple[str, str]]:
    """Return what the page before this one has just done, named by the query's `ok`; unknown names say nothing."""
    said = {
        "ambil": _("Permohonan ini sekarang Anda kerjakan."),
        "lepas": _("Permohonan dikembalikan ke antrean."),
        "kembali": _("Permohonan dikembalikan kepada pemohon untuk diperbaiki."),
        "setuju": _("Permohonan disetujui."),
        "tolak": _("Permohonan ditolak."),
        "tanda-tangan": _("Surat sudah ditandatangani dan terbit."),
        "ambil-laporan": _("Laporan ini sekarang Anda tangani."),
        "jawab": _("Jawaban terkirim kepada pelapor."),
        "laporan-selesai": _("Laporan dinyatakan selesai; pelapor dimintai penilaian."),
        "tolak-laporan": _("Laporan ditolak; pelapor membaca alasannya."),
        "cabut-surat": _("Surat dicabut; halaman pemeriksaannya menyebut alasannya."),
        "regu": _("Tugas diberikan kepada regu."),
        "terima": _("Tugas ini sekarang Anda kerjakan."),
        "tiba": _("Kedatangan tercatat."),
        "foto": _("Foto tersimpan."),
        "bahan": _("Bahan tersimpan."),
        "kerja": _("Hasil pekerjaan dilaporkan. Terima kasih."),
        "berkas": _("Berkas diteruskan ke survei."),
        "tunggakan": _("Permohonan tidak diteruskan; sebabnya ada di bawah."),
        "baca": _("Angka meter tersimpan."),
        "impor": _("Bacaan sudah diimpor."),
        "meter": _("Penggantian meter tersimpan."),
        "tugas": _("Tugas sudah diganti."),
        "faktor": _("Faktor kedua sudah dihapus; petugas memasangnya lagi saat masuk."),
        "proses-ulang": _("Kabar tertahan diproses ulang; hasilnya tercatat di bawah."),
        "akhir": _("Akun petugas sudah berakhir."),
        "sandi": _("Kata sandi sudah diganti. Tempat lain sudah dikeluarkan."),
        "sesi": _("Tempat itu sudah dikeluarkan."),
    }
    text = said.get(request.args.get("ok", ""))
    return [(text, "ok")] if text else []


def purpose() -> str:
    """Return why the present member of staff opens personal data: a code of ours, empty when none was chosen."""
    chosen = request.values.get("tujuan", "")
    return chosen if chosen in words.PURPOSES else ""
