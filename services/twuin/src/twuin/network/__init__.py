"""The pipe network, as far as others need to name its parts: zones, and the kelurahan that each supplies."""

from twuin.network.model import Zone, zone_of, zones

__all__ = ["Zone", "zone_of", "zones"]
