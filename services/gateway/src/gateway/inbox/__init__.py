"""The inbox: what happened to a person's applications, letters, bills and payments, one notice a fact and person.

page(session, citizen_id, *, page_token="", page_size=0, unread_only=False) -> Page[Notice]; summary(session, citizen_id) -> Summary
mark_read(session, citizen_id, notice_ids=None) -> int; export(session, citizen_id); text(notice, language) -> Text(title, body)
choices(session, citizen_id) -> channel by kind of matter; choose(session, vault, citizen_id, wanted); without_email(session, citizen_id)
"""

from gateway.inbox.delivery import ABOUT, CHANNELS, choices, choose, without_email
from gateway.inbox.service import Notice, Summary, export, mark_read, notify, page, purge, summary
from gateway.inbox.texts import NoticeText, text

__all__ = [
    "ABOUT",
    "CHANNELS",
    "Notice",
    "NoticeText",
    "Summary",
    "choices",
    "choose",
    "export",
    "mark_read",
    "notify",
    "page",
    "purge",
    "summary",
    "text",
    "without_email",
]
