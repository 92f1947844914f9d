"""Write twuin's synthetic mains from the synthetic centres: `python docs/map/mains.py`.

In each kelurahan two service mains run to and fro around its point, one along rows, one along columns, 180 m apart; the points
of a zone hang on a distribution main each to the nearest one that already hangs, and the zones on trunk mains in the same way.
Nothing of it is surveyed: a utility puts its own lines here, in the same form.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NETWORK = ROOT / "services" / "twuin" / "src" / "twuin" / "network"
METRES = 111_195.0  # of a degree of latitude
APART, ROWS = 180.0, 7  # metres between two runs of a service main, and how many runs
SERVICE, DISTRIBUTION, TRUNK = 75, 150, 400  # mm

Point = tuple[float, float]


def main() -> None:
    """Write mains.json and centres.csv beside zones.csv."""
    with (ROOT / "docs" / "map" / "centres.csv").open() as file:
        centres = {row["code"]: (float(row["latitude"]), float(row["longitude"])) for row in csv.DictReader(file)}
    zones: dict[str, list[str]] = {}
    with (NETWORK / "zones.csv").open() as file:
        for row in csv.DictReader(file):
            zones.setdefault(row["zone"], []).append(row["kelurahan_code"])
    mains = [line for zone, codes in sorted(zones.items()) for line in of_zone(zone, [centres[code] for code in codes])]
    mains += trunks({zone: centres[codes[0]] for zone, codes in sorted(zones.items())})
    lines = ",\n".join(json.dumps(each, separators=(",", ":")) for each in mains)
    (NETWORK / "mains.json").write_text(f'{{"synthetic":true,"mains":[\n{lines}\n]}}\n')
    (NETWORK / "centres.csv").write_text((ROOT / "docs" / "map" / "centres.csv").read_text())


def of_zone(zone: str, points: Sequence[Point]) -> list[dict[str, object]]:
    """Return the service and distribution mains of a zone."""
    lines = [(SERVICE, run) for point in points for run in runs(point)]
    lines += [(DISTRIBUTION, [near, point]) for near, point in linked(points)]
    return [named(f"{zone}-{place:03}", zone, diameter, line) for place, (diameter, line) in enumerate(lines, 1)]


def trunks(heads: dict[str, Point]) -> list[dict[str, object]]:
    """Return the mains that join the zones."""
    zone_at = {point: zone for zone, point in heads.items()}
    return [
        named(f"T-{place:03}", zone_at[point], TRUNK, [near, point]) for place, (near, point) in enumerate(linked(list(heads.values())), 1)
    ]  # fmt: skip


def runs(centre: Point) -> list[list[Point]]:
    """Return a line along rows and one along columns, to and fro around a point."""
    half = APART * (ROWS - 1) / 2
    offsets = [row * APART - half for row in range(ROWS)]
    rows = [
        (across, along) for place, across in enumerate(offsets) for along in ((-half, half) if place % 2 == 0 else (half, -half))
    ]
    return [[moved(centre, north, east) for north, east in rows], [moved(centre, north, east) for east, north in rows]]


def linked(points: Sequence[Point]) -> list[tuple[Point, Point]]:
    """Return the shortest tree over the points, as pairs."""
    hanging, rest, pairs = [points[0]], list(points[1:]), []
    while rest:
        near, point = min(((one, other) for one in hanging for other in rest), key=lambda pair: apart(*pair))
        pairs.append((near, point))
        hanging.append(point)
        rest.remove(point)
    return pairs


def apart(one: Point, other: Point) -> float:
    """Return the metres between two points of one city."""
    return math.hypot(one[0] - other[0], (one[1] - other[1]) * math.cos(math.radians(one[0]))) * METRES


def moved(point: Point, north: float, east: float) -> Point:
    """Return a point so many metres further."""
    return point[0] + north / METRES, point[1] + east / METRES / math.cos(math.radians(point[0]))


def named(code: str, zone: str, diameter: int, line: Sequence[Point]) -> dict[str, object]:
    """Return a main as the file keeps it: coordinates are latitude, longitude, latitude, … with about a metre's precision."""
    return {
        "code": code,
        "zone": zone,
        "diameter_mm": diameter,
        "coordinates": [round(each, 5) for point in line for each in point],
    }


if __name__ == "__main__":
    main()
