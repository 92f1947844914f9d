"""What identity refuses, as sentences."""

from __future__ import annotations

from chassis.errors import Conflict, InvalidFields, NotFound, Refused


class SignInRefused(Refused):
    """The same words whoever tries and whatever is wrong."""

    id = "NIK, nomor telepon, nama pengguna, atau kata sandi tidak cocok."
    en = "That NIK, phone number, user name or password does not match."


class TooManyTries(Refused):
    """Wait, then try again."""

    id = "Terlalu banyak percobaan. Coba lagi dalam {minutes} menit."
    en = "Too many tries. Try again in {minutes} minutes."

    def __init__(self, seconds: float) -> None:
        """Take the seconds to wait."""
        self.retry_after = max(1, round(seconds))
        super().__init__(minutes=-(-self.retry_after // 60))


class CodeRefused(InvalidFields):
    """The code is wrong, used, too old, or was tried too often: not said which."""

    id = "Kode tidak berlaku. Periksa lagi, atau minta kode baru."
    en = "The code is not valid. Check it again, or ask for a new one."


class CodeTooSoon(Refused):
    """A new code may be asked for once a minute, and only some times."""

    id = "Kode baru belum dapat dikirim. Tunggu {seconds} detik, atau mulai lagi."
    en = "A new code cannot be sent yet. Wait {seconds} seconds, or start again."


class IdentityNotConfirmed(Refused):
    """The population registry does not know this combination."""

    id = "Data tidak cocok dengan data kependudukan. Periksa NIK, nomor Kartu Keluarga, nama, dan tanggal lahir."
    en = "The data does not match the population registry. Check NIK, family card number, name and date of birth."


class RegistryUnavailable(Refused):
    """Nobody can tell at the moment."""

    id = "Data kependudukan sedang tidak dapat diperiksa. Coba lagi beberapa saat lagi."
    en = "The population registry cannot be asked at the moment. Try again in a while."


class SystemBusy(Refused):
    """More passwords are being checked than this machine takes."""

    id = "Layanan sedang sibuk. Coba lagi sebentar lagi."
    en = "The service is busy. Try again in a moment."


class NoSuchAccount(NotFound):
    """No account of that id."""

    id = "Akun tidak ditemukan."
    en = "Account not found."


class NoSuchSession(NotFound):
    """No open session of that id, of this person."""

    id = "Sesi tidak ditemukan."
    en = "Session not found."


class NoSuchPhoneChange(NotFound):
    """Nothing waits under that link."""

    id = "Permintaan ganti nomor tidak ditemukan atau sudah selesai."
    en = "The change of number was not found or has ended."


class PhoneTaken(Conflict):
    """Meanwhile another account proved that number."""

    id = "Nomor telepon ini sudah dipakai akun lain."
    en = "This phone number is used by another account."


class AlreadyRegistered(Conflict):
    """Two confirmations of one registration, or of two for one NIK."""

    id = "Pendaftaran ini sudah selesai. Silakan masuk."
    en = "This registration is complete. Please sign in."


class RefreshRefused(Refused):
    """The refresh token is unknown, expired, revoked or was used before."""

    id = "Sesi API tidak berlaku lagi. Masuk kembali."
    en = "The API session is no longer valid. Sign in again."


class UsernameTaken(Conflict):
    """User names are for one person each, for good."""

    id = "Nama pengguna sudah dipakai."
    en = "The user name is taken."


class StaffHasEnded(Conflict):
    """The account ended before."""

    id = "Akun petugas ini sudah berakhir."
    en = "This staff account has ended."


class NotYourself(Refused):
    """An admin cannot do this to the own account."""

    id = "Tindakan ini tidak dapat dilakukan pada akun sendiri."
    en = "This cannot be done to your own account."
