"""The inbox: what happened to a person's applications, letters, bills and payments, one notice a fact and person.

page(session, citizen_id, *, page_token="", page_size=0, unread_only=False) -> Page[Notice]; summary(session, citizen_id) -> Summary
mark_read(session, citizen_id, notice_ids=None) -> int; export(session, citizen_id); text(notice, language) -> Text(title, body)
"""

from gateway.inbox.service import Notice, Summary, export, mark_read, notify, page, purge, summary
from gateway.inbox.texts import NoticeText, text

__all__ = ["Notice", "NoticeText", "Summary", "export", "mark_read", "notify", "page", "purge", "summary", "text"]
