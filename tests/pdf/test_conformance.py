"""Signed letters against the reference validator of PDF/A and PDF/UA (veraPDF), as the archive would judge them."""

import dataclasses
import datetime as dt
import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest
from chassis.testing import lacking
from singo import charter
from singo.letters import KeySigner, Typesetter, local_identity
from singo.letters.model import Page, page_of

HERE = Path(__file__).parent
JARS = HERE.parents[1] / ".local" / "verapdf"
MAIN = "org.verapdf.apps.GreenfieldCliWrapper"
CHARTER = charter.load()
OFFICE = CHARTER.office("35.73.03.1008")
WHO = {
    "name": "Siti *Aminah* <b>", "nik": "3573035501900001", "kk": "3573030101080001", "birth_place": "Malang",
    "birth_date": "1990-01-15", "sex": "P", "address": "Jl. Danau Toba № 5", "rt": "003", "rw": "012",
    "kelurahan": OFFICE.code, "religion": "Islam", "occupation": "Guru", "marital_status": "Kawin", "nationality": "WNI",
}  # fmt: skip


@pytest.fixture(scope="module")
def validator() -> Path:
    """Return the folder of veraPDF's jars, fetched by Maven the first time."""
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            lacking(f"{program} is not installed; veraPDF needs it")
    JARS.mkdir(parents=True, exist_ok=True)
    with (JARS / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not any(JARS.glob("greenfield-apps-*.jar")):
            fetch = ["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies", f"-DoutputDirectory={JARS}"]
            done = subprocess.run(fetch, capture_output=True, text=True, timeout=600, check=False)
            if done.returncode:
                lacking(f"Maven could not fetch veraPDF: {done.stdout[-300:]}")
    return JARS


@pytest.fixture(scope="module")
def signer(tmp_path_factory) -> KeySigner:
    return KeySigner(local_identity(tmp_path_factory.mktemp("signing")))


def page(kind: str, paragraphs: tuple[str, ...] = ()) -> Page:
    fields = {name: (rule.get("enum") or ["1"])[0] for name, rule in CHARTER.kind(kind).properties.items()}
    made = page_of(
        CHARTER.kind(kind), OFFICE, WHO, fields, number="470/001/35.73.03.1008/XI/2026", code="01AB-CDEF-GHJK-MNPQ",
        day=dt.date(2026, 11, 24), signatory="",
    )  # fmt: skip
    return dataclasses.replace(made, paragraphs=paragraphs) if paragraphs else made


def verdicts(validator: Path, flavour: str, *files: Path) -> list[str]:
    command = ["java", "-Xmx256m", "-cp", f"{validator}/*", MAIN, "-f", flavour, "--format", "text", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    return [line.split()[0] for line in done.stdout.splitlines() if line.startswith(("PASS", "FAIL"))]


@pytest.fixture(scope="module")
def letters(signer, tmp_path_factory) -> list[Path]:
    """One signed letter of each kind, and one of several pages."""
    folder = tmp_path_factory.mktemp("letters")
    long = tuple("Kalimat yang panjang sekali. " * 12 for _ in range(14))
    pages = {kind: page(kind) for kind in CHARTER.kinds} | {"long": page("domisili", long)}
    setter = Typesetter("https://layanan.contoh.id")
    made = []
    for name, each in pages.items():
        file = folder / f"{name}.pdf"
        file.write_bytes(signer.sign(setter.typeset(each, certified=False), signatory=each.signatory, place="Malang"))
        made.append(file)
    return made


@pytest.mark.parametrize("flavour", ["3a", "ua1"])
def test_signed_letters_stay_archival_and_accessible(validator, letters, flavour):
    assert verdicts(validator, flavour, *letters) == ["PASS"] * len(letters)


def test_the_validator_would_notice(validator, letters, tmp_path):
    untagged = tmp_path / "untagged.pdf"
    untagged.write_bytes(letters[0].read_bytes().replace(b"/MarkInfo", b"/MarkNone"))
    for flavour in ("3a", "ua1"):
        assert verdicts(validator, flavour, untagged) == ["FAIL"]
