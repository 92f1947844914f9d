"""The back office under /kantor: queues and files of the kelurahan, desks of the water utility, accounts of staff."""

from __future__ import annotations

from flask import Blueprint


def blueprints() -> tuple[Blueprint, ...]:
    """Return the pages of the back office, in the order of its menu; the first brings what they share."""
    from gateway.web.backoffice import (
        account,
        applications,
        billing,
        complaints,
        crew,
        customers,
        decisions,
        entry,
        home,
        leaks,
        new_connections,
        platform,
        readings,
        register,
        staff,
        uploads,
        work,
    )

    return (
        entry.pages, home.pages, applications.pages, decisions.pages, complaints.pages, register.pages, customers.pages, readings.pages, uploads.pages, billing.pages,
        leaks.pages, work.pages, crew.pages, new_connections.pages, staff.pages, platform.pages, account.pages,
    )  # fmt: skip
