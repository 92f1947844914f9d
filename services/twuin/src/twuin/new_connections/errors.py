"""What new connections say no with."""

from __future__ import annotations

from chassis.errors import Conflict, FieldError, NotFound, Refused

from twuin.new_connections.model import Flaw


class ApplicationNotFound(NotFound):
    """Not this person's, not in this person's area, or not there at all."""

    id = "Permohonan sambungan tidak ditemukan."
    en = "There is no such application for a connection."


class DocumentNotFound(NotFound):
    """No such document of this application."""

    id = "Dokumen tidak ditemukan."
    en = "There is no such document."


class ProofNotFound(NotFound):
    """No letter of this person's: the same sentence for somebody else's and for none."""

    id = "Surat tidak ditemukan."
    en = "There is no such letter."


class ProofRevoked(Refused):
    """The lurah took the letter back."""

    id = "Surat {reference} sudah dicabut oleh kelurahan, jadi tidak dapat menjadi bukti domisili."
    en = "Letter {reference} has been revoked by the kelurahan, so it does not prove where you live."


class ProofExpired(Refused):
    """The letter's time is over."""

    id = "Surat {reference} sudah tidak berlaku sejak {until}. Ajukan surat keterangan domisili yang baru."
    en = "Letter {reference} expired after {until}. Apply for a new domicile letter."


class ProofWrongKind(Refused):
    """A letter about something else."""

    id = "Surat {reference} bukan surat keterangan domisili."
    en = "Letter {reference} is not a domicile letter."


class ProofWithoutAddress(Refused):
    """A letter that certifies no address."""

    id = "Surat {reference} tidak memuat alamat yang disahkan."
    en = "Letter {reference} does not certify an address."


class ProofOtherAddress(Refused):
    """A letter about house A opens no tap at house B."""

    id = "Alamat pada surat {reference} bukan alamat yang dimohonkan."
    en = "The address on letter {reference} is not the address applied for."


class AssuranceTooLow(Refused):
    """The person's identity is not proven well enough."""

    id = "Permohonan ini memerlukan akun dengan NIK yang sudah dicocokkan."
    en = "This application needs an account whose NIK has been matched."


class AlreadyApplied(Conflict):
    """One application a home at a time."""

    id = "Permohonan {number} untuk alamat ini masih berjalan."
    en = "Application {number} for this address is still under way."


class StepPassed(Refused):
    """What is asked does not fit where the application stands."""

    id = "Permohonan ini sudah tidak pada tahap itu."
    en = "This application is no longer at that step."


class AlreadyPaid(Refused):
    """What is paid is taken back by customer service only."""

    id = "Biaya sambungan sudah dibayar, jadi permohonan ini tidak dapat ditarik lagi. Hubungi layanan pelanggan air."
    en = "The cost has been paid, so this application can no longer be withdrawn. Ask water customer service."


class PaymentArrived(Conflict):
    """Money came while the desk decided."""

    id = "Pembayaran biayanya baru saja masuk. Muat ulang permohonan ini; bila tetap ditolak, uangnya dikembalikan."
    en = "The payment of its cost has just arrived. Reload this application; if it is refused all the same, the money goes back."


class CrewOnSite(Refused):
    """Who is on the spot says how the work ends."""

    id = "Regu sudah di lokasi. Regu yang menyatakan bila sambungan tidak dapat dipasang."
    en = "The crew is on site. The crew says whether the connection cannot be installed."


class MeterInstalled(Refused):
    """Where a meter stands nothing is refused any more."""

    id = "Meter sudah terpasang, jadi permohonan ini tidak dapat ditolak lagi."
    en = "The meter is installed, so this application can no longer be refused."


FLAWS: dict[Flaw, type[Refused]] = {
    Flaw.WRONG_KIND: ProofWrongKind,
    Flaw.REVOKED: ProofRevoked,
    Flaw.EXPIRED: ProofExpired,
    Flaw.WITHOUT_ADDRESS: ProofWithoutAddress,
}


def at_field(field: str, code: str, id: str, en: str) -> FieldError:  # noqa: A002 - the language
    """Return what is wrong with one field."""
    return FieldError(field, code, id, en)
