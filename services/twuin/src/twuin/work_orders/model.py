"""The states of a work order, who may move it, and the rules of what a crew reports. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from chassis.errors import Conflict, FieldError, InvalidFields, Refused


class Kind(IntEnum):
    """What a work order is for; the numbers are those of the contract."""

    LEAK = 1
    SURVEY = 2
    INSTALL = 3

    @property
    def code(self) -> str:
        """Return the word that facts carry."""
        return self.name.lower()


class State(IntEnum):
    """Where a work order stands; the numbers are those of the contract."""

    WAITING = 1
    ASSIGNED = 2
    ACCEPTED = 3
    ARRIVED = 4
    COMPLETED = 5
    CANCELLED = 6


OPEN = (State.WAITING, State.ASSIGNED, State.ACCEPTED, State.ARRIVED)
UNBEGUN = (State.WAITING, State.ASSIGNED)
BEGUN = (State.ACCEPTED, State.ARRIVED)
OUTCOMES: Mapping[Kind, tuple[str, ...]] = {
    Kind.LEAK: ("repaired", "not_found"),
    Kind.SURVEY: ("surveyed",),
    Kind.INSTALL: ("installed", "not_possible"),
}
EXPLAINED = ("not_found", "not_possible")  # outcomes that need a note
NOTE = 500  # signs of a note
DIAMETERS = (20, 25, 32, 50)  # mm of service pipes
FURTHEST = 5_000  # metres from a main that a survey may say
HIGHEST = 99_999  # m3, the largest first reading
SERIAL = re.compile(r"[A-Z0-9](?:[A-Z0-9]|-(?!-)){3,29}")  # what metering takes, too
SEAL = re.compile(r"[A-Z0-9][A-Z0-9./-]{2,29}")
LATITUDES, LONGITUDES = (-8.06, -7.90), (112.56, 112.70)  # of the city
MATERIALS = 20  # lines of one order
PIECES = 1_000  # of one material


class WorkOrderEnded(Refused):
    """What is completed or cancelled does not move any more."""

    id = "Pekerjaan ini sudah selesai atau dibatalkan."
    en = "This work order is completed or cancelled."


class AlreadyAccepted(Conflict):
    """Somebody else of the crew was faster."""

    id = "Pekerjaan ini sudah diterima rekan seregu Anda."
    en = "A colleague of your crew has already accepted this work order."


class NotAccepted(Refused):
    """What nobody has accepted cannot go on."""

    id = "Terima pekerjaan ini dahulu."
    en = "Accept this work order first."


class NotArrived(Refused):
    """Work ends where it was done."""

    id = "Tandai tiba di lokasi dahulu."
    en = "Say that you have arrived first."


@dataclass(frozen=True, slots=True)
class Standing:
    """State, crew (empty while waiting) and the member of staff who accepted (empty before)."""

    state: State
    crew: str = ""
    accepted_by: str = ""

    def assigned(self, crew: str) -> Standing:
        """Give it to a crew, whoever had it."""
        self.require_open()
        return Standing(State.ASSIGNED, crew)

    def accepted(self, staff: str) -> Standing:
        """Let one person of the crew take it; again by the same person changes nothing."""
        self.require_open()
        if self.accepted_by and self.accepted_by != staff:
            raise AlreadyAccepted
        return self if self.state in BEGUN else replace(self, state=State.ACCEPTED, accepted_by=staff)

    def arrived(self, staff: str) -> Standing:
        """Note that the person who accepted is there; again changes nothing."""
        self.require_worked_on_by(staff)
        return replace(self, state=State.ARRIVED)

    def completed(self, staff: str) -> Standing:
        """End it with work done."""
        self.require_worked_on_by(staff)
        if self.state is not State.ARRIVED:
            raise NotArrived
        return replace(self, state=State.COMPLETED)

    def released(self) -> Standing:
        """Take it from the person who accepted; the crew keeps it."""
        return Standing(State.ASSIGNED, self.crew) if self.state in BEGUN else self

    def cancelled(self) -> Standing:
        """End it without work."""
        self.require_open()
        return replace(self, state=State.CANCELLED)

    def require_open(self) -> None:
        """Refuse what has ended."""
        if self.state not in OPEN:
            raise WorkOrderEnded

    def require_worked_on_by(self, staff: str) -> None:
        """Refuse unless `staff` has accepted and it is open."""
        self.require_open()
        if not self.accepted_by:
            raise NotAccepted
        if self.accepted_by != staff:
            raise AlreadyAccepted


@dataclass(frozen=True, slots=True)
class Survey:
    """What a survey found: metres to the main, diameter in mm, whether a connection can be laid, where the meter goes."""

    pipe_distance_m: int
    pipe_diameter_mm: int
    feasible: bool
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Installation:
    """What an installation left behind; the first reading in whole m3."""

    meter_serial: str
    seal: str
    first_reading: int
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Report:
    """What a crew says at the end: outcome, note, and what was found or left behind where the kind of work asks for it."""

    outcome: str
    note: str
    survey: Survey | None = None
    installation: Installation | None = None


def checked(kind: Kind, said: Report) -> Report:
    """Return a report in its plain form, with nothing in it that this outcome does not ask for; InvalidFields names all that is wrong."""
    plain = Report(
        said.outcome, " ".join(said.note.split()),
        said.survey if said.outcome == "surveyed" else None,
        _plain(said.installation) if said.installation and said.outcome == "installed" else None,
    )  # fmt: skip
    wrong = _outcome_errors(kind, plain)
    if plain.outcome == "surveyed":
        wrong += _survey_errors(plain.survey)
    if plain.outcome == "installed":
        wrong += _installation_errors(plain.installation)
    _refuse(wrong)
    return plain


def _plain(done: Installation) -> Installation:
    serial, seal = "".join(done.meter_serial.upper().split()), "".join(done.seal.upper().split())
    return replace(done, meter_serial=serial, seal=seal)


def _outcome_errors(kind: Kind, said: Report) -> list[FieldError]:
    wrong = []
    if said.outcome not in OUTCOMES[kind]:
        wrong.append(FieldError("outcome", "enum", "Pilih hasil pekerjaan.", "Choose the outcome of the work."))
    if said.outcome in EXPLAINED and not said.note:
        wrong.append(FieldError("note", "required", "Tuliskan alasannya.", "Write down why."))
    if len(said.note) > NOTE or not said.note.isprintable():
        wrong.append(
            FieldError("note", "text", f"Paling banyak {NOTE} huruf, tanpa tanda kendali.", f"At most {NOTE} plain characters.")
        )
    return wrong


def _survey_errors(found: Survey | None) -> list[FieldError]:
    if found is None:
        return [FieldError("survey", "required", "Isi hasil survei.", "Fill in what the survey found.")]
    wrong = _positioned("survey", found.latitude, found.longitude)
    if not 0 <= found.pipe_distance_m <= FURTHEST:
        sentences = f"Jarak 0 sampai {FURTHEST} meter.", f"A distance of 0 to {FURTHEST} metres."
        wrong.append(FieldError("survey.pipe_distance_m", "range", *sentences))
    if found.feasible and found.pipe_diameter_mm not in DIAMETERS:
        sizes = ", ".join(map(str, DIAMETERS))
        wrong.append(FieldError("survey.pipe_diameter_mm", "enum", f"Diameter pipa: {sizes} mm.", f"Pipe diameters: {sizes} mm."))
    return wrong


def _installation_errors(done: Installation | None) -> list[FieldError]:
    if done is None:
        return [FieldError("install", "required", "Isi hasil pemasangan.", "Fill in what was installed.")]
    wrong = _positioned("install", done.latitude, done.longitude)
    if not SERIAL.fullmatch(done.meter_serial):
        sentences = (
            "Nomor meter terdiri dari 4 sampai 30 huruf, angka atau tanda hubung.",
            "A meter's serial has 4 to 30 letters, digits or hyphens.",
        )
        wrong.append(FieldError("install.meter_serial", "serial", *sentences))
    if not SEAL.fullmatch(done.seal):
        sentences = "Nomor segel terdiri dari 3 sampai 30 huruf dan angka.", "A seal has 3 to 30 letters and digits."
        wrong.append(FieldError("install.seal", "seal", *sentences))
    if not 0 <= done.first_reading <= HIGHEST:
        sentences = f"Angka awal meter 0 sampai {HIGHEST} m³.", f"A first reading is 0 to {HIGHEST} m³."
        wrong.append(FieldError("install.first_reading", "range", *sentences))
    return wrong


def checked_materials(used: Sequence[tuple[str, int]], known: Collection[str]) -> list[tuple[str, int]]:
    """Return the materials in the order of their codes, each once and at least one piece; InvalidFields otherwise."""
    wrong = []
    if len(used) > MATERIALS:
        wrong.append(FieldError("materials", "count", f"Paling banyak {MATERIALS} baris.", f"At most {MATERIALS} lines."))
    for place, (code, quantity) in enumerate(used[:MATERIALS]):
        if code not in known or [each for each, _ in used].count(code) > 1:
            wrong.append(
                FieldError(
                    f"materials.{place}.code", "enum", "Pilih bahan dari daftar, sekali saja.", "Choose a listed material, once."
                )
            )
        if not 1 <= quantity <= PIECES:
            wrong.append(
                FieldError(f"materials.{place}.quantity", "range", f"Jumlah 1 sampai {PIECES}.", f"A quantity is 1 to {PIECES}.")
            )
    _refuse(wrong)
    return sorted(used)


def within_city(latitude: float, longitude: float) -> bool:
    """Tell whether a position (degrees, WGS 84) lies in the box around the city; what is no number does not."""
    return LATITUDES[0] <= latitude <= LATITUDES[1] and LONGITUDES[0] <= longitude <= LONGITUDES[1]


def _positioned(field: str, latitude: float, longitude: float) -> list[FieldError]:
    if within_city(latitude, longitude):
        return []
    return [FieldError(f"{field}.latitude", "position", "Posisi harus di dalam kota.", "The position must lie within the city.")]


def _refuse(wrong: Sequence[FieldError]) -> None:
    if wrong:
        raise InvalidFields(fields=wrong)
