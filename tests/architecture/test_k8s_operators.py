"""The kinds of operators in the production overlay, held to these operators' own definitions, which their Go modules carry.

Strimzi publishes its definitions in no package and barman's plugin for CloudNativePG is no module that the checksum
database knows: what stands in `kafka*.yaml` and `ObjectStore` was written after their documentation and is not checked here.
"""

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from chassis.testing import lacking

from deploy.cluster.manifests import render

MODULES = {
    "cert-manager.io": ("github.com/cert-manager/cert-manager@v1.18.2", "deploy/crds"),
    "gateway.networking.k8s.io": ("sigs.k8s.io/gateway-api@v1.4.1", "config/crd/standard"),
    "postgresql.cnpg.io": ("github.com/cloudnative-pg/cloudnative-pg@v1.27.0", "config/crd/bases"),
    "external-secrets.io": ("github.com/external-secrets/external-secrets@v0.16.2", "config/crds/bases"),
}
UNCHECKED = {"kafka.strimzi.io", "barmancloud.cnpg.io"}
BUILT_IN = {"v1", "apps", "autoscaling", "batch", "networking.k8s.io", "policy"}


@cache
def custom() -> list[dict[str, Any]]:
    if shutil.which("kubectl") is None:
        lacking("there is no kubectl to render the manifests with")
    found = yaml.safe_load_all(render("production"))
    return [each for each in found if each["apiVersion"].partition("/")[0] not in BUILT_IN]


@cache
def schema(group: str, version: str, kind: str) -> dict[str, Any]:
    """Return the schema of a kind, in which a field that it does not name is a mistake, as in a strict API server."""
    if shutil.which("go") is None:
        lacking("there is no go to fetch the operators' definitions with")
    module, folder = MODULES[group]
    said = subprocess.run(["go", "mod", "download", "-json", module], cwd="/", capture_output=True, text=True, check=False)
    place = json.loads(said.stdout or "{}").get("Dir")
    if not place:
        lacking(f"{module} could not be fetched: {said.stdout[-300:]}{said.stderr[-300:]}")
    for path in (Path(place) / folder).glob("*.yaml"):
        for each in yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader):
            if each and each["spec"]["names"]["kind"] == kind and each["spec"]["group"] == group:
                (found,) = (v for v in each["spec"]["versions"] if v["name"] == version and v["served"])
                return dict(closed(found["schema"]["openAPIV3Schema"], top=True))
    raise AssertionError(f"{module} defines no {kind}")


def closed(node: Any, *, top: bool = False) -> Any:
    if isinstance(node, list):
        return [closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    made = {key: closed(value) for key, value in node.items()}
    shaped = isinstance(node.get("properties"), dict) and node.get("type") == "object" and not top
    if shaped and not node.get("x-kubernetes-preserve-unknown-fields"):
        made.setdefault("additionalProperties", False)
    return made


def test_no_kind_of_an_operator_is_unknown_here():
    assert {each["apiVersion"].partition("/")[0] for each in custom()} == set(MODULES) | UNCHECKED


@pytest.mark.timeout(300)  # a first fetch
@pytest.mark.parametrize("group", MODULES)
def test_what_an_operator_is_told_is_what_it_understands(group):
    mine = [each for each in custom() if each["apiVersion"].startswith(f"{group}/")]
    assert mine
    for each in mine:
        jsonschema.validate(each, schema(group, each["apiVersion"].partition("/")[2], each["kind"]))


def test_the_schema_sees_a_typing_error():
    (route, *_) = (each for each in custom() if each["kind"] == "HTTPRoute")
    broken = {**route, "spec": {**route["spec"], "hostname": "one"}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema("gateway.networking.k8s.io", "v1", "HTTPRoute"))
