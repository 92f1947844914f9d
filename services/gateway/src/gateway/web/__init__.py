"""The portal: pages for everybody, for citizens and for staff, rendered here, whole without JavaScript."""

from __future__ import annotations

from flask import Blueprint


def blueprints() -> tuple[Blueprint, ...]:
    """Return the pages, in the order of the menu; the first brings the design and the languages."""
    from gateway.web import (
        account,
        applications,
        backoffice,
        complaints,
        demo,
        entry,
        errands,
        guest_entry,
        inbox_pages,
        letters,
        new_connections,
        payments,
        preferences,
        public,
        public_complaints,
        recovery,
        reporting,
        site,
        water,
    )

    return (
        site.pages, public.pages, entry.pages, recovery.pages, account.pages, applications.pages, letters.pages, water.pages,
        payments.pages, new_connections.pages, inbox_pages.pages, errands.pages, preferences.pages, demo.pages,
        guest_entry.pages, reporting.pages, complaints.pages, public_complaints.pages, *backoffice.blueprints(),
    )  # fmt: skip
