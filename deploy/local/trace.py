"""Draws one trace of a file that TRACES=file:/path made, as an SVG on standard output: `python -m deploy.local.trace FILE`."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

WIDTH, LEFT, ROW, TOP = 1180, 150, 22, 46  # px
COLOURS = {"gateway": "#3b6ea5", "singo": "#2e7d5b", "twuin": "#b0562f"}
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 60_000)  # ms between two marks of the axis

Places = dict[str, tuple[float, float]]  # where the bar of a span begins, px


@dataclass(frozen=True)
class Span:
    """A piece of work of one process; instants in ms."""

    trace: str
    id: str
    parent: str
    process: str
    name: str
    start: float
    end: float
    failed: bool


def read(lines: Iterable[str]) -> list[Span]:
    """Return the spans of a file in OTLP's JSON, a line a batch."""
    return [
        Span(
            span["traceId"], span["spanId"], span.get("parentSpanId", ""), _process(resource), span["name"],
            int(span["startTimeUnixNano"]) / 1e6, int(span["endTimeUnixNano"]) / 1e6, span.get("status", {}).get("code") == 2,  # noqa: PLR2004 - STATUS_CODE_ERROR
        )
        for line in lines
        for resource in json.loads(line)["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]  # fmt: skip


def choose(spans: Iterable[Span], trace: str = "") -> list[Span]:
    """Return the spans of one trace: the given one, else the one that went through the most processes."""
    traces: dict[str, list[Span]] = {}
    for span in spans:
        traces.setdefault(span.trace, []).append(span)
    if trace:
        return traces.get(trace, [])
    return max(traces.values(), key=lambda each: (len({span.process for span in each}), len(each)), default=[])


def draw(spans: list[Span]) -> str:
    """Return the picture: a row a span, what it caused below it, a colour a service."""
    rows = list(_in_order(spans))
    begin, end = min(span.start for span in rows), max(span.end for span in rows)
    scale = (WIDTH - LEFT - 20) / max(end - begin, 0.001)
    place: Places = {span.id: (LEFT + (span.start - begin) * scale, TOP + number * ROW) for number, span in enumerate(rows)}
    processes = len({span.process for span in rows})
    said = f"{rows[0].name}: {len(rows)} spans of {processes} processes in {end - begin:.0f} ms"
    height = TOP + len(rows) * ROW + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" font-family="sans-serif" font-size="12">',
        f"<title>{escape(said)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="8" y="16" font-weight="bold">{escape(said)}</text>',
        *_axis(end - begin, scale, height),
        *(part for span in rows for part in _bar(span, scale, place)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _in_order(spans: list[Span]) -> Iterator[Span]:
    """Yield each span, then what it caused, earliest first."""
    known = {span.id for span in spans}
    below: dict[str, list[Span]] = {}
    for span in sorted(spans, key=lambda each: each.start):
        below.setdefault(span.parent if span.parent in known else "", []).append(span)
    waiting = below.get("", [])[::-1]
    while waiting:
        span = waiting.pop()
        yield span
        waiting += below.get(span.id, [])[::-1]


def _axis(length: float, scale: float, height: int) -> Iterator[str]:
    step = next((each for each in STEPS if length / each <= 12), STEPS[-1])  # noqa: PLR2004 - marks that fit
    for mark in range(0, int(length) + 1, step):
        x = LEFT + mark * scale
        yield f'<line x1="{x:.1f}" y1="{TOP - 10}" x2="{x:.1f}" y2="{height - 6}" stroke="#ddd"/>'
        yield f'<text x="{x:.1f}" y="{TOP - 14}" fill="#555" text-anchor="middle">{mark} ms</text>'


def _bar(span: Span, scale: float, place: Places) -> Iterator[str]:
    x, y = place[span.id]
    wide = max((span.end - span.start) * scale, 2)
    failed = ' stroke="#c00" stroke-width="2"' if span.failed else ""
    colour = COLOURS.get(span.process.partition("-")[0], "#555")
    if span.parent in place:
        yield f'<path d="M{x:.1f} {place[span.parent][1] + 16:.0f}V{y + 9:.0f}" stroke="#999" fill="none"/>'
    yield f'<text x="8" y="{y + 13:.0f}" fill="{colour}">{escape(span.process)}</text>'
    yield f'<rect x="{x:.1f}" y="{y + 2:.0f}" width="{wide:.1f}" height="14" rx="2" fill="{colour}"{failed}/>'
    text = escape(f"{span.name}  {span.end - span.start:.1f} ms")
    if x + wide + 7 * len(text) < WIDTH:
        yield f'<text x="{x + wide + 5:.1f}" y="{y + 13:.0f}">{text}</text>'
    elif wide > 7 * len(text):
        yield f'<text x="{x + 5:.1f}" y="{y + 13:.0f}" fill="#fff">{text}</text>'
    else:
        yield f'<text x="{x - 5:.1f}" y="{y + 13:.0f}" text-anchor="end">{text}</text>'


def _process(resource: dict[str, dict[str, list[dict[str, dict[str, str]]]]]) -> str:
    told = {str(each["key"]): each["value"] for each in resource["resource"]["attributes"]}
    return told["service.name"]["stringValue"]


def main() -> int:
    """Draw what the command line names."""
    options = argparse.ArgumentParser(prog="python -m deploy.local.trace", description=__doc__)
    options.add_argument("file", type=Path)
    options.add_argument("--trace", default="", help="a trace id, as log lines show it; else the trace of most processes")
    asked = options.parse_args()
    with asked.file.open(encoding="utf-8") as lines:
        chosen = choose(read(lines), asked.trace)
    if not chosen:
        print(f"{asked.file} has no such trace", file=sys.stderr)
        return 1
    sys.stdout.write(draw(chosen))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
