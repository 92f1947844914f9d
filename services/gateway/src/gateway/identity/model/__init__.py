"""Rules of identity: NIK, No. KK, phone, names and passwords; pure, no clock, no I/O."""

from gateway.identity.model.backoff import ACCOUNT, ADDRESS, PAIR, Backoff
from gateway.identity.model.nik import Nik, check_kk, check_nik, digits_of
from gateway.identity.model.passwords import check_password
from gateway.identity.model.people import STAFF_ROLES, check_birth_date, check_email, check_name, check_phone, comparable_name

__all__ = [
    "ACCOUNT",
    "ADDRESS",
    "PAIR",
    "STAFF_ROLES",
    "Backoff",
    "Nik",
    "check_birth_date",
    "check_email",
    "check_kk",
    "check_name",
    "check_nik",
    "check_password",
    "check_phone",
    "comparable_name",
    "digits_of",
]
