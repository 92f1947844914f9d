"""The processes as a supervisor starts them: migrate, demo, web, jobs, consume, relay."""

import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from chassis.testing.certificates import Authority

ROOT = Path(__file__).parents[3]
SOURCES = ("libs/malang/src", "libs/chassis/src", "services/gateway/src")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def environment(settings, database_url):
    return {
        "PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(str(ROOT / source) for source in SOURCES),
        "DATABASE_URL": database_url(), "EVENT_BUS_URL": database_url(), "GATEWAY_VAULT_KEYS": settings.vault_keys,
        "GATEWAY_INDEX_KEY": settings.index_key, "GATEWAY_SECRET": settings.secret, "GATEWAY_REGISTRY": "simulator",
        "GATEWAY_SMS": "mailbox", "GATEWAY_DEMO": "true",
    }  # fmt: skip


def run(environment, *command):
    done = subprocess.run(
        [sys.executable, "-m", "gateway", *command], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def start(environment, process, health):
    return subprocess.Popen(
        [sys.executable, "-m", "gateway", process], env={**environment, "HEALTH_PORT": str(health)}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def get(url, *, patience=20.0):
    until = time.monotonic() + patience
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.read()
        except urllib.error.HTTPError as wrong:
            return wrong.read()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def until_ready(health, patience=20.0):
    """Wait for a process to be at work; until then it says so."""
    until = time.monotonic() + patience
    while (said := get(f"http://127.0.0.1:{health}/readyz", patience=patience)) != b"ok\n":
        assert said == b"not ok\n"
        assert time.monotonic() < until
        time.sleep(0.1)


def stop(child):
    child.send_signal(signal.SIGTERM)
    try:
        said, _ = child.communicate(timeout=45)  # a worker that is still starting is given 20 s before it is killed
    except subprocess.TimeoutExpired:
        child.kill()
        raise
    assert child.returncode == 0, said
    return said


def test_the_demo_is_made_once_and_says_the_same_every_time(environment):
    run(environment, "migrate")
    first, second = (json.loads(run(environment, "demo")) for _ in range(2))
    assert first == second
    assert {one["role"] for one in first["staff"]} == {"officer", "lurah", "water_cs", "cashier", "crew", "operator", "admin"}
    assert len(first["citizens"]) == 3
    assert len({one["nik"] for one in first["people"]}) == len(first["people"]) > 100


def test_the_demo_has_no_place_in_a_real_deployment(environment):
    run(environment, "migrate")
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "demo"],
        env={**environment, "GATEWAY_DEMO": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "GATEWAY_DEMO" in done.stderr


def test_staff_are_added_by_command_and_the_secret_is_shown(environment):
    run(environment, "migrate")
    made = json.loads(run(environment, "staff", "add", "kepala", "--name", "Kepala", "--role", "admin", "--area", "*"))
    assert made["username"] == "kepala"
    assert made["totp_uri"].startswith("otpauth://")


def test_a_worker_that_hangs_is_replaced(environment):
    """One that stands still keeps its share of what arrives, whatever made it stand still."""
    port, health = free_port(), free_port()
    run(environment, "migrate")
    child = start({**environment, "GATEWAY_PORT": str(port), "GATEWAY_WORKER_PATIENCE": "8"}, "web", health)
    try:
        until_ready(health)
        hung, *others = (before := workers(child.pid))
        os.kill(hung, signal.SIGSTOP)
        until = time.monotonic() + 60
        while len(after := workers(child.pid)) < len(before) or hung in after:
            assert time.monotonic() < until
            time.sleep(0.1)
        assert set(others) < set(after)
        time.sleep(3)  # one that is told to stop while it starts is given 20 s
    finally:
        said = stop(child)
    assert '"event":"worker_hung"' in said


def workers(parent):
    return [int(each) for task in Path(f"/proc/{parent}/task").glob("*/children") for each in task.read_text().split()]


def test_the_portal_serves_reports_health_notices_a_rotation_and_stops(environment):
    port, health = free_port(), free_port()
    run(environment, "migrate")
    child = start({**environment, "GATEWAY_PORT": str(port)}, "web", health)
    try:
        keys = {key["kid"] for key in json.loads(get(f"http://127.0.0.1:{port}/.well-known/jwks.json"))["keys"]}
        assert len(keys) == 2
        assert get(f"http://127.0.0.1:{health}/livez") == b"ok\n"
        until_ready(health)
        current = json.loads(run(environment, "keys", "rotate"))["current"]
        assert current in keys
        until = time.monotonic() + 10
        while time.monotonic() < until:
            fresh = {key["kid"] for key in json.loads(get(f"http://127.0.0.1:{port}/.well-known/jwks.json"))["keys"]}
            if len(fresh) == 3:
                break
            time.sleep(0.2)
        assert keys < fresh
        assert b'http_server_seconds_count{method="GET",route="/.well-known/jwks.json",status="200"}' in get(
            f"http://127.0.0.1:{health}/metrics"
        )
    finally:
        stop(child)


def mounted(folder, name, authority):
    """Write a certificate as Kubernetes mounts a secret: files are links into a folder that goes when the next one comes."""
    fresh = folder / f"..{name}"
    fresh.mkdir()
    authority.issue(fresh)
    before = (folder / "..data").resolve() if (folder / "..data").exists() else None
    (folder / "..next").symlink_to(fresh.name)
    (folder / "..next").replace(folder / "..data")
    if before is None:
        for each in ("tls.crt", "tls.key", "ca.crt"):
            (folder / each).symlink_to(f"..data/{each}")
    else:
        shutil.rmtree(before)


def shown(port, ca):
    """Ask for the keys over TLS; return the certificate that answered."""
    asked = http.client.HTTPSConnection("localhost", port, timeout=10, context=ssl.create_default_context(cafile=ca))
    asked.request("GET", "/.well-known/jwks.json")
    certificate = asked.sock.getpeercert(binary_form=True)
    assert asked.getresponse().status == 200
    asked.close()
    return certificate


def test_the_portal_shows_a_new_certificate_without_a_restart_or_a_failed_request(environment, tmp_path):
    authority, port, health = Authority(), free_port(), free_port()
    mounted(tmp_path, "first", authority)
    files = {"GATEWAY_TLS_CERT": str(tmp_path / "tls.crt"), "GATEWAY_TLS_KEY": str(tmp_path / "tls.key")}
    run(environment, "migrate")
    child = start({**environment, **files, "GATEWAY_PORT": str(port), "GATEWAY_WORKERS": "1"}, "web", health)
    try:
        until_ready(health, patience=150)
        before = shown(port, tmp_path / "ca.crt")
        mounted(tmp_path, "second", authority)
        until = time.monotonic() + 60
        while shown(port, tmp_path / "ca.crt") == before:
            assert time.monotonic() < until
            time.sleep(0.1)
        for _ in range(50):  # the worker before ends meanwhile
            assert shown(port, tmp_path / "ca.crt") != b""
            time.sleep(0.1)
    finally:
        stop(child)


def test_a_certificate_without_its_key_stops_the_start(environment, tmp_path):
    authority, other = Authority(), tmp_path / "other"
    other.mkdir()
    certificate, _, _ = authority.issue(tmp_path)
    _, key, _ = authority.issue(other)
    for wrong in ({"GATEWAY_TLS_CERT": str(certificate)}, {"GATEWAY_TLS_CERT": str(certificate), "GATEWAY_TLS_KEY": str(key)}):
        done = subprocess.run(
            [sys.executable, "-m", "gateway", "web"],
            env={**environment, **wrong},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 2, done.stderr
        assert "GATEWAY_TLS_CERT or GATEWAY_TLS_KEY is wrong" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a worker whose parent was killed")
def test_a_portal_that_was_killed_leaves_nobody_who_keeps_its_ports(environment):
    port, health = free_port(), free_port()
    run(environment, "migrate")
    given = {**environment, "GATEWAY_PORT": str(port)}
    killed = start(given, "web", health)
    get(f"http://127.0.0.1:{port}/.well-known/jwks.json")
    workers = [int(pid) for pid in Path(f"/proc/{killed.pid}/task/{killed.pid}/children").read_text().split()]
    assert workers
    killed.kill()
    killed.communicate(timeout=20)  # its pipe ends when the last of them is gone
    again = start(given, "web", health)
    try:
        until_ready(health)
    finally:
        stop(again)


@pytest.mark.parametrize("process", ["jobs", "consume", "relay"])
def test_the_other_processes_start_report_health_and_stop(environment, process):
    health = free_port()
    run(environment, "migrate")
    child = start(environment, process, health)
    try:
        until_ready(health)
        assert b"python_info" in get(f"http://127.0.0.1:{health}/metrics")
    finally:
        said = stop(child)
    assert "Traceback" not in said


def test_a_bad_setting_is_one_sentence_and_exit_2(environment):
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "migrate"], env={**environment, "GATEWAY_PORT": "eighty"}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("settings: GATEWAY_PORT is wrong")
    assert done.stderr.count("\n") == 1
