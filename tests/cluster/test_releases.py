"""A release that does not work and keys that change cost the citizens nothing."""

import base64
import json
import secrets
import time

import pytest

from deploy.cluster import __main__ as commands
from deploy.cluster import images
from deploy.cluster.kube import Refused, ask, kubectl, rolled_out
from deploy.cluster.manifests import render
from tests.cluster.outcome import caught_up, lost_and_doubled


def test_a_release_whose_image_is_absent_leaves_the_old_one_serving(load, outcome):
    with outcome.of("an image that is absent", load) as row:
        kubectl("set", "image", "deployment/singo-rpc", "process=malang/singo:absent")
        try:
            until = time.monotonic() + 60
            while "ImagePull" not in (reasons := waiting("singo-rpc")):
                assert time.monotonic() < until, reasons
                time.sleep(1)
            time.sleep(5)
        finally:
            kubectl("rollout", "undo", "deployment/singo-rpc")
            rolled_out("deployment/singo-rpc")
    assert row.failed == []


def test_new_signing_keys_fail_no_request(load, outcome):
    with outcome.of("rotation of the keys that sign tokens", load) as row:
        kubectl("exec", "deployment/gateway-jobs", "--", "python", "-m", "gateway", "keys", "rotate", timeout=60)
        time.sleep(10)
    assert row.failed == []


def test_a_failed_migration_ends_the_release_and_leaves_the_old_one_serving(load, outcome):
    owner = ask("get", "secret", "singo-owner")["data"]["DATABASE_URL"]
    wrong = base64.b64encode(base64.b64decode(owner).replace(b"@", b"wrong@")).decode()
    versions = {each["metadata"]["name"]: each["metadata"]["generation"] for each in ask("get", "deployments")["items"]}
    with outcome.of("a migration that fails", load) as row:
        patch("singo-owner", {"DATABASE_URL": wrong})
        try:
            with pytest.raises(Refused, match="singo-migrate failed"):
                commands.migrate(render("local", images.running()))
        finally:
            patch("singo-owner", {"DATABASE_URL": owner})
        assert {each["metadata"]["name"]: each["metadata"]["generation"] for each in ask("get", "deployments")["items"]} == versions
    commands.migrate(render("local", images.running()))
    assert row.failed == []


def test_a_new_key_for_personal_data_fails_no_request_and_what_the_old_one_sealed_stays_readable(load, outcome):
    old = base64.b64decode(ask("get", "secret", "gateway")["data"]["GATEWAY_VAULT_KEYS"]).decode()
    fresh = f"k{secrets.token_hex(4)}:{base64.b64encode(secrets.token_bytes(32)).decode()}"
    both = base64.b64encode(f"{fresh},{old}".encode()).decode()
    names = [f"deployment/gateway-{each}" for each in ("web", "consume", "relay", "jobs")]
    with outcome.of("a new key for personal data", load) as row:
        patch("gateway", {"GATEWAY_VAULT_KEYS": both})
        kubectl("rollout", "restart", *names)
        rolled_out(*names)
    assert row.failed == []


def test_after_all_that_nothing_is_lost_and_nothing_is_doubled(load):
    assert caught_up(within=60) < 60
    assert lost_and_doubled(list(load.filed)) == (0, 0)


def patch(secret: str, values: dict[str, str]) -> None:
    """Change keys of a Secret; values are in base64."""
    kubectl("patch", "secret", secret, "-p", json.dumps({"data": values}))


def waiting(name: str) -> str:
    """Return why containers of a Deployment wait."""
    pods = ask("get", "pods", "-l", f"app.kubernetes.io/name={name}")["items"]
    states = [each["state"].get("waiting", {}) for pod in pods for each in pod["status"].get("containerStatuses", ())]
    return " ".join(each.get("reason", "") for each in states)
