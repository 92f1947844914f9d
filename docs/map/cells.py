"""Draw the schematic map: `python docs/map/cells.py` makes the portal's cells and its picture from centres.csv."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
OFFICES = ROOT / "services/singo/src/singo/charter/offices.csv"
GATEWAY = ROOT / "services/gateway/src/gateway/web"
WEST, EAST, NORTH, SOUTH = 112.575, 112.699, -7.902, -8.058  # degrees
SCALE = 5000.0  # units of the drawing for a degree of longitude; a degree of latitude is a little longer here
STRETCH = 1 / math.cos(math.radians(7.98))
REACH = 74.0  # units around a centre that are still of the city
SIDES = 28  # corners of the circle that ends an outer cell
TINTS = {"Blimbing": "#e7eef5", "Klojen": "#f6ecd9", "Kedungkandang": "#eaf2e6", "Sukun": "#f5e7e3", "Lowokwaru": "#ece8f3"}

Point = tuple[float, float]


def placed(latitude: float, longitude: float) -> Point:
    """Return where a position (degrees) lies in the drawing."""
    return (longitude - WEST) * SCALE, (NORTH - latitude) * SCALE * STRETCH


def clipped(shape: list[Point], middle: Point, normal: Point) -> list[Point]:
    """Return the part of a convex `shape` on the side of the line through `middle` that `normal` points away from."""

    def beyond(point: Point) -> float:
        return (point[0] - middle[0]) * normal[0] + (point[1] - middle[1]) * normal[1]

    kept: list[Point] = []
    for here, there in zip(shape, [*shape[1:], *shape[:1]], strict=True):
        before, after = beyond(here), beyond(there)
        if before <= 0:
            kept.append(here)
        if before * after < 0:
            part = before / (before - after)
            kept.append((here[0] + part * (there[0] - here[0]), here[1] + part * (there[1] - here[1])))
    return kept


def cell(own: Point, others: list[Point]) -> list[Point]:
    """Return what lies nearer to `own` than to any of `others`, not farther away than the city reaches."""
    angles = (2 * math.pi * side / SIDES for side in range(SIDES))
    shape = [(own[0] + REACH * math.cos(angle), own[1] + REACH * math.sin(angle)) for angle in angles]
    for other in others:
        middle = ((own[0] + other[0]) / 2, (own[1] + other[1]) / 2)
        shape = clipped(shape, middle, (other[0] - own[0], other[1] - own[1]))
    return shape


def path(shape: list[Point]) -> str:
    """Return a shape as path data with whole units, corners that fall together once."""
    corners = list(dict.fromkeys((round(x), round(y)) for x, y in shape))
    return "M" + "L".join(f"{x} {y}" for x, y in corners) + "Z"


def rows(file: Path) -> list[dict[str, str]]:
    """Return the lines of a CSV file without its remarks."""
    return list(csv.DictReader(line for line in file.read_text("utf-8").splitlines() if not line.startswith("#")))


def areas() -> list[dict[str, object]]:
    """Return every kelurahan with its centre and its cell."""
    named = {row["code"]: row for row in rows(OFFICES)}
    degrees = {row["code"]: (float(row["latitude"]), float(row["longitude"])) for row in rows(HERE / "centres.csv")}
    points = {code: placed(*where) for code, where in degrees.items()}
    return [
        {
            "code": code, "name": named[code]["name"], "kecamatan": named[code]["kecamatan"], "latitude": degrees[code][0],
            "longitude": degrees[code][1], "path": path(cell(point, [each for other, each in points.items() if other != code])),
        }
        for code, point in points.items()
    ]  # fmt: skip


def picture(cells: list[dict[str, object]], width: int, height: int) -> str:
    """Return the map as a picture of its own, for forms that take a position by a click without scripts."""
    shapes = "".join(f'<path d="{each["path"]}" fill="{TINTS[str(each["kecamatan"])]}"/>' for each in cells)
    labels = ""
    for kecamatan in TINTS:
        points = [
            placed(float(str(each["latitude"])), float(str(each["longitude"]))) for each in cells if each["kecamatan"] == kecamatan
        ]
        x, y = (sum(point[axis] for point in points) / len(points) for axis in (0, 1))
        labels += f'<text x="{x:.0f}" y="{y:.0f}">{kecamatan}</text>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<g stroke="#a9b3bf" stroke-width="1.5">{shapes}</g>'
        f'<g font-family="sans-serif" font-size="25" font-weight="700" fill="#36414f" text-anchor="middle">{labels}</g></svg>\n'
    )


def main() -> None:
    """Write city.json and city.svg."""
    cells = areas()
    width, height = (round(value) for value in placed(SOUTH, EAST))
    frame = {"west": WEST, "east": EAST, "north": NORTH, "south": SOUTH, "width": width, "height": height}
    lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in cells)
    (GATEWAY / "map").mkdir(exist_ok=True)
    (GATEWAY / "map/city.json").write_text(f'{{"frame": {json.dumps(frame)}, "kelurahan": [\n{lines}\n]}}\n', "utf-8")
    (GATEWAY / "static/city.svg").write_text(picture(cells, width, height), "utf-8")


if __name__ == "__main__":
    main()
