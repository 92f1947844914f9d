"""docs/settings.md says what the code says."""

import pytest
from chassis.settings import variables

from docs import settings as written


def test_the_page_is_what_the_code_says():
    assert written.PAGE.read_text(encoding="utf-8") == written.page(), "run `make settings`"


@pytest.mark.parametrize("name", written.SERVICES)
def test_every_variable_is_on_the_page_once(name):
    rows = written.page().splitlines()
    for variable in variables(written.SERVICES[name], f"{name.upper()}_"):
        assert len([row for row in rows if row.startswith(f"| `{variable}` |")]) == 1, variable
