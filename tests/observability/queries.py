"""What a query names: series, and the labels that it asks of them."""

import re

_WORDS = frozenset(
    (
        "sum",
        "max",
        "min",
        "count",
        "by",
        "on",
        "or",
        "and",
        "unless",
        "rate",
        "increase",
        "delta",
        "histogram_quantile",
        "topk",
        "time",
        "vector",
        "abs",
        "without",
        "absent",
        "offset",
    )
)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_GROUPING = re.compile(r"\b(?:by|on|without)\s*\(([^)]*)\)")
_SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\s*\{([^}]*)\}")
_NAME = re.compile(r"(?<![\w:$])[a-zA-Z_:][a-zA-Z0-9_:]*")


def series(query: str) -> dict[str, set[str]]:
    """Return the labels that a query asks of each series that it names."""
    plain = _STRING.sub('""', query)
    selected = {
        name: {part.split("=")[0].strip("!~ ") for part in inside.split(",") if part} for name, inside in _SELECTOR.findall(plain)
    }
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", " ", _GROUPING.sub(" ", plain))
    found = {name: selected.get(name, set()) for name in _NAME.findall(bare) if name not in _WORDS}
    grouped = {label.strip() for inside in _GROUPING.findall(plain) for label in inside.split(",")}
    return {name: labels | grouped for name, labels in found.items()}
