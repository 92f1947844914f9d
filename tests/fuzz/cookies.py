"""A visitor with cookies and forms, without scripts."""

import re

import city as cities
import requests

TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="csrf_token"')


def form_token(page: str) -> str:
    found = TOKEN.search(page)
    assert found, "a page with a form has its token"
    return found[1] or found[2]


def signed_in(city: cities.City) -> requests.Session:
    """Return the citizen's browser."""
    visitor = requests.Session()
    page = visitor.get(f"{city.url}/masuk", timeout=30)
    fields = {"csrf_token": form_token(page.text), "identifier": city.owner["nik"], "password": city.owner["password"]}
    answer = visitor.post(f"{city.url}/masuk", data=fields, timeout=30)
    assert "/masuk" not in answer.url, answer.url
    return visitor
