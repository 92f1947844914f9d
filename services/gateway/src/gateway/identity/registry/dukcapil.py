"""A client of the registry's matching service: one POST of JSON, an answer per field, and the profile."""

from __future__ import annotations

import base64
import datetime as dt
import urllib.request
from dataclasses import dataclass
from typing import Literal

import msgspec
from chassis import telemetry

from gateway.identity.registry import Match, Profile

log = telemetry.logger(__name__)
_LARGEST = 64 * 1024  # bytes of an answer


class _Person(msgspec.Struct, rename="upper"):
    """A person as the registry writes one; each compared field says Sesuai or Tidak Sesuai."""

    nik: str
    no_kk: str
    nama_lgkp: str
    tgl_lhr: str
    tmpt_lhr: str = ""
    jenis_klmin: str = ""
    alamat: str = ""
    no_rt: str = ""
    no_rw: str = ""
    no_prop: str = ""
    no_kab: str = ""
    no_kec: str = ""
    no_kel: str = ""
    agama: str = ""
    jenis_pkrjn: str = ""
    status_kawin: str = ""


class _Answer(msgspec.Struct):
    content: list[_Person] = []


@dataclass(frozen=True, slots=True)
class Dukcapil:
    """The matching service at `url`, with HTTP basic authentication; `timeout` in seconds."""

    url: str
    user: str
    password: str
    timeout: float

    def match(self, *, nik: str, kk: str, name: str, birth_date: dt.date) -> Match:
        """Ask the service; whatever goes wrong on the way is `unavailable`, never a match."""
        asked = msgspec.json.encode(
            {"NIK": nik, "NO_KK": kk, "NAMA_LGKP": name, "TGL_LHR": birth_date.strftime("%d-%m-%Y"), "TRESHOLD": 90}
        )
        secret = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Authorization": f"Basic {secret}"}
        request = urllib.request.Request(self.url, asked, headers)  # noqa: S310 - registry_of checked the scheme
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:  # noqa: S310 - as above
                people = msgspec.json.decode(answer.read(_LARGEST), type=_Answer).content
            return _match(people[0], name) if people else Match("no_match")
        except (OSError, ValueError, msgspec.MsgspecError) as wrong:
            log.warning("registry_unavailable", reason=str(wrong))
            return Match("unavailable")


def _match(person: _Person, name: str) -> Match:
    compared = (person.nik, person.no_kk, person.nama_lgkp, person.tgl_lhr)
    if not all(said.strip().casefold().startswith("sesuai") for said in compared):
        return Match("no_match")
    sex: Literal["L", "P"] = "P" if person.jenis_klmin.strip().casefold().startswith("p") else "L"
    code = f"{person.no_prop:0>2}.{person.no_kab:0>2}.{person.no_kec:0>2}.{person.no_kel:0>4}"
    return Match(
        "match",
        Profile(
            name=name, birth_place=person.tmpt_lhr, sex=sex, address=person.alamat, rt=f"{person.no_rt:0>3}", rw=f"{person.no_rw:0>3}",
            kelurahan=code, religion=person.agama, occupation=person.jenis_pkrjn, marital_status=person.status_kawin,
        ),
    )  # fmt: skip
