"""The access log: who looked at a person's data, when and what for; the person reads it ("Siapa melihat data saya").

views_of(session, citizen_id, *, page_token="", page_size=0) -> Page[View]
record(session, citizen_id, viewer, *, purpose, subject_kind, subject_id): what the gateway's own pages show to staff
"""

from gateway.access_log.service import View, export, record, views_of

__all__ = ["View", "export", "record", "views_of"]
