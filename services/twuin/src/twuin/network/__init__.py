"""The pipe network, as far as others need it: zones, the kelurahan that each supplies, and the mains."""

from twuin.network.model import Zone, zone_of, zones
from twuin.network.pipes import Main, centre_of, mains, metres_between, nearest_main

__all__ = ["Main", "Zone", "centre_of", "mains", "metres_between", "nearest_main", "zone_of", "zones"]
