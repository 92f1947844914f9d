"""Nothing between processes is plain on the cluster itself: who shows no certificate, a strange one or no password is refused."""

import base64
import json

import pytest

from deploy.cluster.certificates import Authority
from deploy.cluster.kube import ask, kubectl
from tests.cluster.outcome import sql

# Each of these runs in a pod, which may reach what it asks, and says what became of every attempt by its name.
CALLS = """
def attempt(target, roots=None, key=None, chain=None):
    import grpc
    pem = [each and each.encode() for each in (roots, key, chain)]
    with grpc.secure_channel(target, grpc.ssl_channel_credentials(*pem)) if roots else grpc.insecure_channel(target) as channel:
        try:
            channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=10)
        except grpc.RpcError as wrong:
            return wrong.code().name
"""
DATABASE = """
def attempt(**options):
    import os, psycopg
    try:
        psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=10, **options).close()
    except psycopg.OperationalError as wrong:
        return str(wrong)
"""
BUS = """
def attempt(said="", instead=""):
    import os
    from chassis import broker
    try:
        broker.connect(os.environ["EVENT_BUS_URL"].replace(said, instead)).ensure([])
    except broker.BusUnavailable as wrong:
        return str(wrong)
"""
CACHE = """
def attempt(said="", instead=""):
    import os, re, redis
    try:
        redis.Redis.from_url(re.sub(said, instead, os.environ["REDIS_URL"]), socket_timeout=10).ping()
    except redis.RedisError as wrong:
        return str(wrong)
"""
EACH = """
import json, sys
print(json.dumps({name: attempt(**given) for name, given in json.load(sys.stdin).items()}))
"""


def said(deployment: str, code: str, attempts: dict[str, dict[str, str]]) -> dict[str, str | None]:
    """Return why each attempt from a pod of a Deployment was refused, None where it was not."""
    given = json.dumps(attempts)
    answer = kubectl("exec", "-i", f"deployment/{deployment}", "--", "python", "-c", code + EACH, given=given)
    return dict(json.loads(answer.splitlines()[-1]))


def secret(name: str) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in ask("get", "secret", name)["data"].items()}


@pytest.mark.parametrize("target", ["singo-rpc:50051", "twuin-rpc:50051"])
def test_a_call_is_taken_with_a_certificate_of_our_authority_only(target, url):
    own, engine = secret("gateway-rpc-tls"), secret("redis-tls")
    strange = Authority("a stranger").issue("gateway-web", client=True)
    attempts = {
        "own": {"roots": own["ca.crt"], "key": own["tls.key"], "chain": own["tls.crt"]},
        "plain": {},
        "without one": {"roots": own["ca.crt"]},
        "of a stranger": {"roots": own["ca.crt"], "key": strange["tls.key"], "chain": strange["tls.crt"]},
        "of an engine": {"roots": own["ca.crt"], "key": engine["tls.key"], "chain": engine["tls.crt"]},
        "to a server of a stranger": {"roots": strange["ca.crt"], "key": own["tls.key"], "chain": own["tls.crt"]},
    }
    attempts["own again"] = attempts["own"]
    found = said("gateway-web", CALLS, {name: {"target": target, **given} for name, given in attempts.items()})
    assert (found.pop("own"), found.pop("own again")) == (None, None)
    assert set(found.values()) == {"UNAVAILABLE"}, found


def test_postgresql_is_spoken_to_with_tls_and_a_password_only(url):
    attempts = {
        "own": {},
        "plain": {"sslmode": "disable"},
        "of another authority": {"sslrootcert": "/certs/bus/ca.crt"},
        "without the password": {"password": "guessed"},
    }
    found = said("gateway-jobs", DATABASE, attempts)
    assert found["own"] is None
    assert "no encryption" in str(found["plain"])
    assert "certificate verify failed" in str(found["of another authority"])
    assert "password authentication failed" in str(found["without the password"])


def test_every_connection_to_postgresql_is_encrypted(url):
    connections = "pg_stat_ssl join pg_stat_activity using (pid) where backend_type = 'client backend' and client_addr is not null"
    assert sql("postgres", f"select count(*) from {connections} and not ssl") == "0"
    assert {"gateway", "singo", "twuin"} <= set(sql("postgres", f"select distinct usename from {connections}").split())


def test_kafka_is_spoken_to_with_tls_and_a_password_only(url):
    attempts = {
        "own": {},
        "plain": {"said": "SASL_SSL", "instead": "PLAINTEXT"},
        "the password in the open": {"said": "SASL_SSL", "instead": "SASL_PLAINTEXT"},
        "without a password": {"said": "SASL_SSL", "instead": "SSL"},
        "with a wrong one": {"said": "sasl_plain_password=", "instead": "sasl_plain_password=guessed"},
        "as somebody else": {"said": "username=gateway-bus", "instead": "username=admin"},
        "of another authority": {"said": "/certs/bus/", "instead": "/certs/database/"},
        "own again": {},
    }
    found = said("gateway-relay", BUS, attempts)
    assert (found.pop("own"), found.pop("own again")) == (None, None)
    assert all(found.values()), found


def test_redis_is_spoken_to_with_tls_and_a_password_only(url):
    attempts = {
        "own": {},
        "plain": {"said": "^rediss(.*)\\?.*", "instead": "redis\\1"},
        "without the password": {"said": ":[0-9a-f]+@", "instead": ""},
        "of another authority": {"said": "/certs/cache/", "instead": "/certs/database/"},
    }
    found = said("gateway-web", CACHE, attempts)
    assert found["own"] is None
    assert "closed" in str(found["plain"]) or "reset" in str(found["plain"])
    assert "authenticated" in str(found["without the password"])
    assert "certificate verify failed" in str(found["of another authority"])
