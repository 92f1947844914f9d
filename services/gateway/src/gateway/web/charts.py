"""Charts as pictures: an SVG with a title and a description; the page carries the same figures as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH, HEIGHT = 640, 250
LEFT, TOP, BOTTOM = 56, 40, 34  # room for the larger letters that phones get


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: short label below, value above, dashed when `estimated`."""

    label: str
    value: int
    text: str
    estimated: bool = False


def nice_top(largest: int) -> int:
    """Return a round number at or above `largest` that divides into four gridlines of whole numbers."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if factor * step * 4 >= largest:
                return factor * step * 4
        step *= 10


def bars(items: Sequence[Bar], *, title: str, description: str, unit: str) -> Markup:
    """Return a bar chart; `title` names it and `description` says in a sentence what it shows."""
    top = nice_top(max((bar.value for bar in items), default=0))
    floor = HEIGHT - BOTTOM
    scale = (floor - TOP) / top
    out = [
        (
            f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="chart-title chart-text">'
            f'<title id="chart-title">{escape(title)}</title><desc id="chart-text">{escape(description)}</desc>'
        )
    ]
    out += [_gridline(quarter * top // 4, floor - quarter * top / 4 * scale) for quarter in range(1, 5)]
    out.append(f'<text x="0" y="18">{escape(unit)}</text>')
    slot = (WIDTH - LEFT) / max(1, len(items))
    out += [_bar(bar, LEFT + slot * place, slot, floor, scale) for place, bar in enumerate(items)]
    out.append(f'<line class="axis" x1="{LEFT}" y1="{floor}" x2="{WIDTH}" y2="{floor}"/></svg>')
    return Markup("".join(out))  # noqa: S704 - every text in it was escaped above


def _gridline(value: int, y: float) -> str:
    return (
        f'<line class="rule" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH}" y2="{y:.1f}"/>'
        f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value}</text>'
    )


def _bar(bar: Bar, x: float, slot: float, floor: float, scale: float) -> str:
    width, height = min(38.0, slot * 0.62), bar.value * scale
    left, middle = x + (slot - width) / 2, x + slot / 2
    shape = "bar estimated" if bar.estimated else "bar"
    return (
        f'<rect class="{shape}" x="{left:.1f}" y="{floor - height:.1f}" width="{width:.1f}" height="{height:.1f}" rx="3"/>'
        f'<text class="value" x="{middle:.1f}" y="{floor - height - 7:.1f}" text-anchor="middle">{escape(bar.text)}</text>'
        f'<text x="{middle:.1f}" y="{HEIGHT - 12}" text-anchor="middle">{escape(bar.label)}</text>'
    )
