"""Water connections, who is linked to them by which proof, and what staff may see of their holders."""

from twuin.connections.desk import checked_purpose, numbered, tell
from twuin.connections.errors import ConnectionNotFound
from twuin.connections.holders import Holders, bound
from twuin.connections.intake import Newcomer, known_numbers, take_in
from twuin.connections.model import State, number_of, phone_of
from twuin.connections.planning import Plan, activate, drop_plan, plan
from twuin.connections.queries import billable, directory, links, links_ever
from twuin.connections.service import Owned, citizens_of, link, owned, unlink

__all__ = [
    "ConnectionNotFound",
    "Holders",
    "Newcomer",
    "Owned",
    "Plan",
    "State",
    "activate",
    "billable",
    "bound",
    "checked_purpose",
    "citizens_of",
    "directory",
    "drop_plan",
    "known_numbers",
    "link",
    "links",
    "links_ever",
    "number_of",
    "numbered",
    "owned",
    "phone_of",
    "plan",
    "take_in",
    "tell",
    "unlink",
]
