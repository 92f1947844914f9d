"""Purposes for which staff read a person's data: a code, never nothing."""

from __future__ import annotations

import re

from chassis.errors import FieldError, InvalidFields

PURPOSE = re.compile(r"[a-z][a-z_]{1,31}")


def purposeful(purpose: str) -> str:
    """Return the code of a purpose; InvalidFields where personal data would be read without one."""
    if not PURPOSE.fullmatch(purpose):
        raise InvalidFields(
            fields=[
                FieldError("purpose", "required", "Tujuan melihat data wajib disebut.", "The purpose of viewing must be given.")
            ]
        )
    return purpose
