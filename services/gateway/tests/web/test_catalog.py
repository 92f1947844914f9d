"""The portal's two languages."""

import re

import pytest
from babel.messages.catalog import Message
from flask import Flask, g
from gateway.web import catalog, extraction

SAID = [each for each in extraction.found() if each.id]
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def _texts(value: object) -> list[str]:
    return list(value) if isinstance(value, (tuple, list)) else [str(value or "")]


@pytest.mark.parametrize("message", SAID, ids=lambda message: str(message.id)[:50])
def test_every_sentence_of_the_portal_has_an_english_translation(message: Message):
    known = extraction.kept().get(message.id)
    assert known is not None, "not in the catalogue: run python -m gateway.web.extraction"
    assert all(text.strip() for text in _texts(known.string)), "in the catalogue without a translation"


def test_no_translation_is_left_of_a_sentence_that_is_no_longer_said():
    said = {str(each.id) for each in SAID}
    assert [each.id for each in extraction.kept() if each.id and str(each.id) not in said] == []


def test_translations_use_the_placeholders_of_their_sentence():
    wrong = [
        each.id
        for each in extraction.kept()
        if each.id
        and {name for text in _texts(each.string) for name in PLACEHOLDER.findall(text)} - set(PLACEHOLDER.findall(str(each.id)))
    ]
    assert wrong == []


def test_the_language_of_the_request_decides():
    with Flask("test").test_request_context():
        g.language = "en"
        assert catalog.translate("Masuk") == "Sign in"
        assert catalog.translate_many("%(num)s hari", "%(num)s hari", 1) == "%(num)s day"
        assert catalog.translate_many("%(num)s hari", "%(num)s hari", 2) == "%(num)s days"
        g.language = "id"
        assert catalog.translate("Masuk") == "Masuk"


def test_outside_of_a_request_the_portal_speaks_indonesian():
    assert catalog.language() == "id"


def test_a_two_language_text_falls_back_to_indonesian():
    with Flask("test").test_request_context():
        g.language = "en"
        assert catalog.pick({"id": "Keperluan", "en": ""}) == "Keperluan"
        assert catalog.pick({"id": "Keperluan", "en": "Purpose"}) == "Purpose"
