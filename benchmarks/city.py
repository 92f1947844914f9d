"""The people of B1: accounts with open sessions, each linked to a water connection with twelve bills."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from dataclasses import dataclass

import measured
import psycopg
import redis
from chassis import clock, settings
from chassis.db import Database
from gateway.identity import accounts, sessions
from gateway.identity.accounts import Registrant
from gateway.identity.means import means_of
from gateway.identity.registry import simulator
from gateway.settings import Settings as GatewaySettings
from twuin import billing, demo
from twuin.parts import Parts
from twuin.settings import Settings as TwuinSettings
from twuin.vocabulary import first_day, period_of, shifted

from deploy.local.programs import Platform

BILLS, MOST = 12, simulator.COUNT
LINK = """
insert into connection_links (link_id, connection_id, citizen_id, proof, linked_at)
select gen_random_uuid(), c.connection_id, p.citizen_id, 'meter', now()
from unnest(%s::text[]) with ordinality p(citizen_id, place)
join (select connection_id, row_number() over (order by number) as place from connections) c using (place)
"""
assert measured.PACKAGES  # importing it put the services on the path


@dataclass(frozen=True)
class Person:
    """A citizen whose token opens a session of the platform and one of the monolith."""

    citizen_id: str
    token: str


def people(platform: Platform, count: int, others: int) -> list[Person]:
    """Fill both databases and Redis: `count` citizens, and `others` connections of nobody; return who is signed in."""
    _bills(platform, count + others)
    found = _signed_in(platform, count)
    with psycopg.connect(platform.run_url("twuin")) as connection:
        connection.execute(LINK, [[person.citizen_id for person in found]])
    cache = redis.Redis.from_url(platform.redis_url)
    for person in found:
        cache.set(f"session:{person.token}", json.dumps({"citizen_id": person.citizen_id, "kind": "citizen", "loa": 2}))
    cache.close()
    for name in ("gateway", "twuin"):
        with psycopg.connect(platform.owner_url(name), autocommit=True) as connection:
            connection.execute("vacuum analyze")
    return found


def _bills(platform: Platform, count: int) -> None:
    chosen = settings.load(TwuinSettings, "TWUIN_", platform.environment("twuin"))
    db = Database(chosen.database_url, application_name="bench")
    try:
        demo.populate(Parts(chosen, db), count, months=BILLS)
        for back in range(BILLS, 0, -1):
            period = shifted(period_of(clock.today()), -back)
            following = first_day(shifted(period, 1))
            issued = dt.datetime.combine(following, dt.time(6), clock.ZONE)
            billing.run_period(db, period, following.replace(day=20), issued_at=issued)
    finally:
        db.close()


def _signed_in(platform: Platform, count: int) -> list[Person]:
    """Open accounts and sessions by the use cases that registration and sign-in end with; one password's hash serves all."""
    chosen = settings.load(GatewaySettings, "GATEWAY_", platform.environment("gateway"))
    db = Database(chosen.database_url, application_name="bench")
    means, found = means_of(chosen, db), []
    hashed = means.hasher.hash(uuid.uuid4().hex)
    try:
        with db.transaction() as session:
            for number, person in enumerate(list(simulator.people().values())[:count]):
                who = Registrant(
                    nik=person.nik, kk=person.kk, name=person.profile.name, birth_date=person.birth_date,
                    phone=f"+62812009{number:05}", email="", language="id",
                )  # fmt: skip
                account = accounts.open_account(session, means.vault, who, person.profile, password_hash=hashed)
                opened = sessions.open_session(
                    session, means, "citizen", account, client="browser", address="127.0.0.1", agent="bench"
                )
                found.append(Person(str(account), opened.token))
    finally:
        db.close()
    return found
