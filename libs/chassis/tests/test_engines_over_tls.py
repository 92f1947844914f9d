"""PostgreSQL, Redis and Kafka over TLS, by their URLs alone: believed when their certificate is, and not otherwise."""

import os
import time
from contextlib import contextmanager

import psycopg
import pytest
import sqlalchemy as sa
from chassis import broker, db
from chassis.broker import BusUnavailable, Outgoing
from chassis.cache import Cache
from chassis.testing.certificates import Authority
from chassis.testing.servers import engine_answers, free_port, kafka_settings, lacking

PASSWORD = "only-for-tests"
POSTGRES = """cp /tls/tls.crt /tls/tls.key "$PGDATA"; chmod 600 "$PGDATA/tls.key"
printf "ssl = on\\nssl_cert_file = 'tls.crt'\\nssl_key_file = 'tls.key'\\n" >>"$PGDATA/postgresql.conf"
"""
JAAS = "KafkaServer { org.apache.kafka.common.security.scram.ScramLoginModule required; };\n"


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """Return a folder with a server's files, and the files of the authority and of another one."""
    if not engine_answers():
        lacking("there is no container engine on this machine to run servers with TLS in")
    folder = tmp_path_factory.mktemp("tls")
    folder.chmod(0o755)  # whoever a server runs as reads them
    for path in Authority().issue(folder):
        path.chmod(0o644)
    (folder / "other.crt").write_bytes(Authority("another").pem)
    return folder


@contextmanager
def container(image, usual, folder, line):
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    made = DockerContainer(os.environ.get(image, usual)).with_volume_mapping(str(folder), "/tls", "ro")
    yield made
    made.waiting_for(LogMessageWaitStrategy(line).with_startup_timeout(180))


@pytest.fixture(scope="module")
def postgres_port(tls):
    (tls / "init").mkdir()
    (tls / "init" / "tls.sh").write_text(POSTGRES)
    port = free_port()
    with container("POSTGRES_IMAGE", "postgres:18", tls, "ready to accept connections") as made:
        made.with_env("POSTGRES_PASSWORD", PASSWORD).with_bind_ports(5432, port)
        made.with_volume_mapping(str(tls / "init"), "/docker-entrypoint-initdb.d", "ro")
    with made:
        yield port


def test_postgresql_is_believed_by_its_certificate(tls, postgres_port):
    def open_database(*, host="localhost", ca="ca.crt"):
        where = f"postgresql://postgres:{PASSWORD}@{host}:{postgres_port}/postgres?hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert={tls / ca}"
        return db.Database(where, pool_size=1, application_name="test")

    database = open_database()
    until = time.monotonic() + 30
    while not database.ready() and time.monotonic() < until:
        time.sleep(0.2)
    with database.transaction() as session:
        assert session.scalar(sa.text("select ssl from pg_stat_ssl where pid = pg_backend_pid()"))
    database.close()
    log = broker.connect(f"{database.url}&application_name=bus")
    log.ensure(["twuin.billing"])
    log.close()
    for wrong, said in (({"ca": "other.crt"}, "certificate verify failed"), ({"host": "db.example"}, "does not match host name")):
        strange = open_database(**wrong)
        assert not strange.ready()
        with pytest.raises((psycopg.OperationalError, sa.exc.OperationalError), match=said), strange.transaction():
            pass


def test_redis_is_believed_by_its_certificate(tls):
    port = free_port()
    files = "--tls-cert-file /tls/tls.crt --tls-key-file /tls/tls.key --tls-ca-cert-file /tls/ca.crt --tls-auth-clients no"
    with container("REDIS_IMAGE", "redis:8", tls, "eady to accept connections") as made:
        made.with_command(f"redis-server --port 0 --tls-port 6379 {files}").with_bind_ports(6379, port)
    with made:
        good = Cache(f"rediss://localhost:{port}/0?ssl_ca_certs={tls / 'ca.crt'}")
        until = time.monotonic() + 30
        while not good.set("key", b"value", 60) and time.monotonic() < until:
            time.sleep(0.5)
        assert good.get("key") == b"value"
        good.close()
        for wrong in (f"rediss://localhost:{port}/0?ssl_ca_certs={tls / 'other.crt'}", f"redis://localhost:{port}/0"):
            strange = Cache(wrong)
            assert strange.get("key") is None
            assert not strange.available
            strange.close()


def test_kafka_is_believed_by_its_certificate_and_asks_for_a_password(tls):
    from kafka.admin import KafkaAdminClient, ScramMechanism, UserScramCredentialUpsertion

    (tls / "jaas.conf").write_text(JAAS)
    (tls / "server.pem").write_bytes((tls / "tls.key").read_bytes() + (tls / "tls.crt").read_bytes())
    port, inner = free_port(), free_port()
    settings = kafka_settings() | {
        "KAFKA_LISTENERS": "SECURE://0.0.0.0:9092,INNER://0.0.0.0:9094,CONTROLLER://0.0.0.0:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"SECURE://localhost:{port},INNER://localhost:{inner}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,INNER:PLAINTEXT,SECURE:SASL_SSL",
        "KAFKA_INTER_BROKER_LISTENER_NAME": "INNER", "KAFKA_SASL_ENABLED_MECHANISMS": "SCRAM-SHA-512",
        "KAFKA_SSL_KEYSTORE_TYPE": "PEM", "KAFKA_SSL_KEYSTORE_LOCATION": "/tls/server.pem",
        "JAVA_TOOL_OPTIONS": "-Djava.security.auth.login.config=/tls/jaas.conf",
    }  # fmt: skip
    with container("KAFKA_IMAGE", "apache/kafka:4.1.0", tls, "Kafka Server started") as made:
        made.with_bind_ports(9092, port).with_bind_ports(9094, inner)
        for name, value in settings.items():
            made.with_env(name, value)
    with made:
        admin = KafkaAdminClient(bootstrap_servers=[f"localhost:{inner}"])
        admin.alter_user_scram_credentials([UserScramCredentialUpsertion("singo-bus", ScramMechanism.SCRAM_SHA_512, PASSWORD)])
        admin.close()

        def connect(password=PASSWORD, ca="ca.crt"):
            secure = f"security_protocol=SASL_SSL&ssl_cafile={tls / ca}&sasl_mechanism=SCRAM-SHA-512"
            return broker.connect(f"kafka://localhost:{port}?{secure}&sasl_plain_username=singo-bus&sasl_plain_password={password}")

        bus = connect()
        publisher = bus.publisher()
        publisher.publish([Outgoing("singo.letters", "key", b"said")])
        publisher.close()
        member = bus.subscriber("g", ["singo.letters"])
        until, taken = time.monotonic() + 30, []
        while not taken and time.monotonic() < until:
            taken = member.poll(1.0, 10)
        assert [record.payload for record in taken] == [b"said"]
        member.close()
        for wrong in (connect(ca="other.crt"), connect(password="guessed")):
            stranger = wrong.publisher()
            with pytest.raises(BusUnavailable):
                stranger.publish([Outgoing("singo.letters", "key", b"forged")])
            stranger.close()
