"""Errands ("Urusan saya"): one time line over both agencies, as their facts tell it; it stands while an agency is away.

page(session, citizen_id, *, agency="", open_only=None, page_token="", page_size=0) -> Page[Errand]
export(session, citizen_id); purge(session)
An errand's words: errand.title(language), errand.state_text(language), errand.whom_text(language), step.text(language)
"""

from gateway.errands.service import AGENCIES, Errand, Step, export, page, purge

__all__ = ["AGENCIES", "Errand", "Step", "export", "page", "purge"]
