"""The portal's map is what docs/map makes of the synthetic centres."""

import json
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAP = runpy.run_path(str(ROOT / "docs/map/cells.py"))
WEB = ROOT / "services/gateway/src/gateway/web"


def test_the_cells_are_drawn_from_the_centres_at_hand():
    kept = json.loads((WEB / "map/city.json").read_text("utf-8"))
    assert kept["kelurahan"] == MAP["areas"]()


def test_the_picture_shows_the_same_cells():
    kept = json.loads((WEB / "map/city.json").read_text("utf-8"))
    drawn = MAP["picture"](MAP["areas"](), kept["frame"]["width"], kept["frame"]["height"])
    assert (WEB / "static/city.svg").read_text("utf-8") == drawn


def test_cells_do_not_overlap_and_hold_their_own_centre():
    areas = MAP["areas"]()
    centres = {each["code"]: MAP["placed"](each["latitude"], each["longitude"]) for each in areas}
    for own in areas:
        corners = [tuple(map(int, pair.split())) for pair in own["path"].strip("MZ").split("L")]
        for corner in corners:
            away = {code: (corner[0] - x) ** 2 + (corner[1] - y) ** 2 for code, (x, y) in centres.items()}
            nearest = min(away.values()) ** 0.5
            assert away[own["code"]] ** 0.5 <= nearest + 2, own["name"]  # whole units are rounded
