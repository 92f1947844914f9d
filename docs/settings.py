"""Writes docs/settings.md from the settings of the three services: `make settings`."""

from pathlib import Path

from chassis.settings import METRICS_FOLDER, Common, document
from gateway.settings import Settings as Gateway
from singo.settings import Settings as Singo
from twuin.settings import Settings as Twuin

PAGE = Path(__file__).with_suffix(".md")
SERVICES = {"gateway": Gateway, "singo": Singo, "twuin": Twuin}
HEAD = f"""# Settings

Written by `make settings` from the code. Every setting is an environment variable; one that is wrong or unknown is one sentence
and exit status 2. The portal's workers count in files of one folder, new at each start, unless `{METRICS_FOLDER}` names one.

## Every process
"""


def page() -> str:
    """Return the whole page: shared settings once, then what each service has of its own."""
    shared = document(Common, "")
    parts = [HEAD, shared]
    known = set(shared.splitlines())
    for name, kind in SERVICES.items():
        own = [
            line for number, line in enumerate(document(kind, f"{name.upper()}_").splitlines()) if number < 2 or line not in known
        ]
        parts += [f"## {name.capitalize()}\n", "\n".join(own) + "\n"]
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
