"""New connections: applied for with a letter that singo issued, surveyed, paid, installed, active."""

from twuin.new_connections.means import Means
from twuin.new_connections.pricing import PriceFileWrong, PriceList
from twuin.new_connections.pricing import read as read_prices

__all__ = ["Means", "PriceFileWrong", "PriceList", "read_prices"]
