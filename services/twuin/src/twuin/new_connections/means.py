"""What the use cases of new connections work with."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

import msgspec
from address import Home, address_hash
from chassis import clock
from chassis.crypto import Vault
from workdays import Calendar

from twuin.connections import Holders
from twuin.new_connections.model import State
from twuin.new_connections.pricing import PriceList
from twuin.new_connections.tables import ApplicationRow


class Applicant(msgspec.Struct, frozen=True):
    """Who applied, as the gateway said when they did."""

    name: str
    phone: str = ""


class Place(msgspec.Struct, frozen=True):
    """The home of an application: street line, RT and RW."""

    address: str
    rt: str
    rw: str

    def line(self) -> str:
        """Return the address on one line."""
        return f"{self.address} RT {self.rt} RW {self.rw}"


@dataclass(frozen=True, slots=True)
class Means:
    """Vault, prices, working days, the key that addresses are compared with, and how far a main may be, in metres."""

    holders: Holders
    prices: PriceList
    calendar: Calendar
    address_key: bytes
    main_limit_m: int

    @property
    def vault(self) -> Vault:
        """Return what seals personal data."""
        return self.holders.vault

    def due(self, state: State) -> dt.date | None:
        """Return the day until which the step of a state that begins today is to be done, None at the end."""
        return self.prices.promises.due(state, clock.today(), self.calendar)

    def address_hash(self, kelurahan: str, place: Place) -> str:
        """Return the keyed hash that singo's facts carry for the same home."""
        return address_hash(self.address_key, Home(kelurahan, place.rw, place.rt, place.address))

    def seal(self, application_id: uuid.UUID, column: str, value: object) -> bytes:
        """Seal a value of an application."""
        return self.vault.seal(msgspec.json.encode(value).decode(), bound=bound(application_id, column))

    def applicant(self, row: ApplicationRow) -> Applicant:
        """Open who applied."""
        return msgspec.json.decode(self._open(row, "applicant", row.applicant), type=Applicant)

    def place(self, row: ApplicationRow) -> Place:
        """Open where the connection is to be."""
        return msgspec.json.decode(self._open(row, "home", row.home), type=Place)

    def text(self, row: ApplicationRow, column: str, sealed: bytes | None) -> str:
        """Open a text of an application; empty where there is none."""
        return "" if sealed is None else msgspec.json.decode(self._open(row, column, sealed), type=str)

    def _open(self, row: ApplicationRow, column: str, sealed: bytes) -> str:
        return self.vault.open(sealed, bound=bound(row.application_id, column))


def bound(application_id: uuid.UUID, column: str) -> str:
    """Return the place that a sealed value of an application is bound to."""
    return f"new_connections:{application_id}:{column}"
