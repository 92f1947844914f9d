"""A registry of 500 synthetic people: made by a rule from their number, like nobody in particular, the same at every start."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from functools import cache

from gateway.identity.model import comparable_name
from gateway.identity.registry import Match, Profile

COUNT = 500
_MEN = [
    "Adi",
    "Bagus",
    "Candra",
    "Dimas",
    "Eko",
    "Fajar",
    "Galih",
    "Hendra",
    "Irfan",
    "Joko",
    "Kurnia",
    "Lukman",
    "Made",
    "Nanda",
    "Oki",
    "Pandu",
    "Rizal",
    "Satria",
    "Teguh",
    "Wahyu",
]
_WOMEN = [
    "Ayu",
    "Bunga",
    "Citra",
    "Dewi",
    "Endah",
    "Fitri",
    "Gita",
    "Hesti",
    "Indah",
    "Jelita",
    "Kartika",
    "Lestari",
    "Maya",
    "Ningrum",
    "Okta",
    "Putri",
    "Ratna",
    "Sari",
    "Tika",
    "Wulan",
]
_LAST = [
    "Santosa",
    "Wibisono",
    "Prakoso",
    "Handoyo",
    "Kusumo",
    "Nugraha",
    "Saputro",
    "Laksono",
    "Permadi",
    "Hartanto",
    "Mahardika",
    "Purnama",
    "Sanjaya",
    "Utomo",
]
_STREETS = [
    "Danau Bratan",
    "Danau Toba",
    "Danau Ranau",
    "Danau Sentani",
    "Danau Maninjau",
    "Danau Kerinci",
    "Danau Limboto",
    "Danau Singkarak",
]
_RELIGIONS = ("ISLAM",) * 8 + ("KRISTEN", "KATOLIK", "HINDU", "BUDDHA")
_WORK = [
    "KARYAWAN SWASTA",
    "WIRASWASTA",
    "PELAJAR/MAHASISWA",
    "MENGURUS RUMAH TANGGA",
    "GURU",
    "BURUH HARIAN LEPAS",
    "PEDAGANG",
    "PEGAWAI NEGERI SIPIL",
]
_PLACES = ("MALANG",) * 6 + ("BLITAR", "PASURUAN", "KEDIRI", "SURABAYA")
_SAWOJAJAR = "35.73.03.1008"
_OTHERS = ("35.73.03.1007", "35.73.01.1001", "35.73.05.1001", "35.73.02.1002")


@dataclass(frozen=True, slots=True)
class Person:
    """A synthetic person."""

    nik: str
    kk: str
    birth_date: dt.date
    profile: Profile


@cache
def people() -> dict[str, Person]:
    """Return all people by NIK."""
    return {person.nik: person for person in map(_person, range(COUNT))}


def person(number: int) -> Person:
    """Return the person of that number, 0 to 499."""
    return list(people().values())[number]


class Simulator:
    """Answers like the registry, from the synthetic people."""

    def match(self, *, nik: str, kk: str, name: str, birth_date: dt.date) -> Match:
        """Compare with the synthetic people."""
        known = people().get(nik)
        if known is None or (known.kk, known.birth_date) != (kk, birth_date):
            return Match("no_match")
        if comparable_name(known.profile.name) != comparable_name(name):
            return Match("no_match")
        return Match("match", known.profile)


def _person(number: int) -> Person:
    dice = random.Random(f"malang-{number}")  # noqa: S311 - made-up people, the same ones every time
    woman = number % 2 == 1
    born = dt.date(1958, 1, 1) + dt.timedelta(days=dice.randrange(48 * 365))
    district = dice.choice(("357301", "357302", "357303", "357304", "357305"))
    # Serials from 9000: real ones are counted from 0001 a day and area and do not come near.
    nik = f"{district}{born.day + 40 * woman:02}{born:%m%y}{9000 + number:04}"
    household = f"357303{dice.randrange(1, 29):02}{dice.randrange(1, 13):02}{dice.randrange(5, 24):02}{9000 + number // 2:04}"
    first = dice.choice(_WOMEN if woman else _MEN)
    home = _SAWOJAJAR if number < 300 else dice.choice(_OTHERS)  # noqa: PLR2004 - the demo's kelurahan has most of them
    street = f"JL. {dice.choice(_STREETS).upper()} {dice.choice('ABCDEFG')}{dice.randrange(1, 30)} NO. {dice.randrange(1, 60)}"
    age = 2026 - born.year
    return Person(
        nik=nik, kk=household, birth_date=born,
        profile=Profile(
            name=f"{first} {dice.choice(_LAST)}", birth_place=dice.choice(_PLACES), sex="P" if woman else "L", address=street,
            rt=f"{dice.randrange(1, 12):03}", rw=f"{dice.randrange(1, 17):03}", kelurahan=home, religion=dice.choice(_RELIGIONS),
            occupation=dice.choice(_WORK), marital_status="BELUM KAWIN" if age < 27 or dice.random() < 0.15 else "KAWIN",  # noqa: PLR2004
        ),
    )  # fmt: skip
