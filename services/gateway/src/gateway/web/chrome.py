"""What every page has around its content: menu, languages, notices of what was just done, files of the design."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from chassis import clock, telemetry
from flask import Flask, g, render_template, request, url_for

from gateway.edge import gateway, new_idempotency_key
from gateway.identity.sessions import Citizen
from gateway.web import formats, labels
from gateway.web import map as city_map
from gateway.web.catalog import _, language, named, pick, translate, translate_many
from gateway.web.entries import Entry
from gateway.web.unread import unread

log = telemetry.logger(__name__)
STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One entry of the main menu; `live` ones show a number that a script keeps fresh."""

    url: str
    text: str
    icon: str
    here: bool
    live: bool = False
    count: int = 0


def page(template: str, entry: Entry | None = None, *, status: int | None = None, **context: object) -> tuple[str, int]:
    """Render a page; an entry with errors decides the status."""
    entry = entry or Entry()
    return render_template(template, entry=entry, **context), status or entry.status


@cache
def _fingerprint(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]


def asset(name: str) -> str:
    """Return the address of a file of the design; it changes with the file's content, so browsers may keep it."""
    return url_for("web.static", filename=name, v=_fingerprint(name))


def menu() -> list[MenuItem]:
    """Return the main menu of the present person."""
    entries: list[tuple[str, str, str, tuple[str, ...]]]
    if isinstance(g.get("person"), Citizen):
        entries = [
            ("/beranda", _("Beranda"), "home", ("/beranda", "/urusan")),
            ("/permohonan", _("Surat"), "file", ("/permohonan", "/surat", "/layanan")),
            ("/air", _("Air"), "drop", ("/air", "/tagihan", "/bayar", "/pembayaran", "/tarif", "/sambungan-baru")),
            ("/laporan", _("Lapor"), "alert", ("/laporan", "/lapor")),
            ("/kotak-masuk", _("Kotak masuk"), "inbox", ("/kotak-masuk",)),
            ("/data-saya", _("Data saya"), "person", ("/data-saya", "/nomor-hilang")),
        ]
    else:
        entries = [
            ("/", _("Beranda"), "home", ()),
            ("/layanan", _("Layanan"), "file", ("/layanan",)),
            ("/lapor", _("Lapor"), "alert", ("/lapor", "/laporan")),
            ("/tarif", _("Tarif air"), "calculator", ("/tarif",)),
            ("/v", _("Periksa surat"), "shield", ("/v",)),
            ("/masuk", _("Masuk"), "enter", ("/masuk", "/daftar", "/lupa-sandi", "/nomor-hilang")),
        ]
    return [_item(*entry) for entry in entries]


def _item(url: str, text: str, icon: str, under: tuple[str, ...]) -> MenuItem:
    here = request.path == url or any(request.path == start or request.path.startswith(f"{start}/") for start in under)
    live = icon == "inbox"
    return MenuItem(url, text, icon, here, live, unread() if live else 0)


def done_notices() -> list[tuple[str, str]]:
    """Return what the page before this one has just done, named by the query's `ok`; unknown names say nothing."""
    said = {
        "tersimpan": _("Draf tersimpan."),
        "terhapus": _("Draf dihapus."),
        "terkirim": _("Permohonan terkirim. Kami kabari setiap langkahnya di kotak masuk."),
        "batal": _("Dibatalkan."),
        "terlampir": _("Berkas terlampir."),
        "lepas": _("Berkas dihapus."),
        "terhubung": _("Sambungan terhubung ke akun Anda."),
        "dilepas": _("Sambungan dilepas dari akun Anda."),
        "sandi": _("Kata sandi sudah diganti. Tempat lain sudah dikeluarkan."),
        "sesi": _("Tempat itu sudah dikeluarkan."),
        "surat": _("Surat pengganti diterima."),
        "nomor": _("Penggantian nomor dibatalkan."),
        "keluar": _("Anda sudah keluar."),
        "lapor": _("Laporan terkirim. Kami kabari setiap langkahnya."),
        "cabut": _("Laporan dicabut."),
        "bukalagi": _("Laporan dibuka lagi. Terima kasih sudah memberi tahu."),
        "nilai": _("Terima kasih atas penilaian Anda."),
        "ikuti": _("Anda mengikuti laporan ini; kabarnya masuk ke kotak masuk."),
        "berhenti": _("Anda tidak lagi mengikuti laporan ini."),
        "dibaca": _("Semua ditandai sudah dibaca."),
        "pilihan": _("Pilihan pemberitahuan tersimpan."),
        "surel": _("Alamat surel terbukti milik Anda."),
        "surel-hapus": _("Alamat surel dihapus."),
    }
    text = said.get(request.args.get("ok", ""))
    return [(text, "ok")] if text else []


def here_url() -> str:
    """Return the address to come back to after the language was changed; a page that was posted has none but its path."""
    return request.full_path.rstrip("?") if request.method == "GET" else request.path


def _shared() -> dict[str, object]:
    return {"person": g.get("person"), "entry": Entry(), "demo_mode": gateway().settings.demo, "today": clock.today().isoformat()}


def install(app: Flask) -> None:
    """Give templates their languages, formats, words and parts."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.install_gettext_callables(translate, translate_many, newstyle=True)  # type: ignore[attr-defined]  # the extension's
    app.jinja_env.globals.update(
        asset=asset, menu=menu, flashes=done_notices, here_url=here_url, fresh_key=new_idempotency_key, language=language, pick=pick,
        named=named, labels=labels, rupiah=formats.rupiah, number=formats.number, cubic=formats.cubic, day=formats.day,
        instant=formats.instant, iso=formats.iso, period=formats.period, size=formats.size, present=formats.present,
        city_of=city_map.city, placed=city_map.placed, pin_of=city_map.pin, kelurahan=city_map.names,
    )  # fmt: skip
    app.context_processor(_shared)
