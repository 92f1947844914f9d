"""Who reaches whom: the arrows of the architecture's picture, and what a set of NetworkPolicies allows."""

from typing import Any

SERVICES = ("gateway", "singo", "twuin")
FRONT = {"gateway": "web", "singo": "rpc", "twuin": "rpc"}
PROCESSES = tuple(f"{service}-{kind}" for service in SERVICES for kind in (FRONT[service], "consume", "relay", "jobs"))
WITH_MIGRATIONS = (*PROCESSES, *(f"{service}-migrate" for service in SERVICES))
PORTS = {"gateway-web": 8080, "singo-rpc": 50051, "twuin-rpc": 50051, "postgres": 5432, "redis": 6379, "kafka": 9092}
Arrow = tuple[str, str]

# Calls between services, the same on every cluster.
CALLS: frozenset[Arrow] = frozenset(
    {
        ("gateway-web", "singo-rpc"), ("gateway-web", "twuin-rpc"), ("twuin-rpc", "singo-rpc"),
        ("singo-rpc", "gateway-web"), ("twuin-rpc", "gateway-web"),  # the keys that verify tokens
    }
)  # fmt: skip
BUS: frozenset[Arrow] = frozenset((each, "kafka") for each in PROCESSES if each.endswith(("-consume", "-relay")))
CACHE: frozenset[Arrow] = frozenset({("gateway-web", "redis"), ("gateway-jobs", "redis")})
LOCAL: frozenset[Arrow] = (
    CALLS
    | BUS
    | CACHE
    | {(each, "postgres") for each in (*WITH_MIGRATIONS, "backup")}
    | {("twuin-jobs", "gateway-web")}  # the demo bank's callback
)


def allowed(policies: list[dict[str, Any]], pods: dict[str, dict[str, str]], source: str, target: str, port: int) -> bool:
    """Tell whether policies let pod `source` connect to `port` of pod `target`: out of the one and into the other."""
    out = any(_rule(rule, "to", pods[target], port) for each in _of(policies, pods[source], "Egress") for rule in each)
    into = any(_rule(rule, "from", pods[source], port) for each in _of(policies, pods[target], "Ingress") for rule in each)
    return out and into


def _of(policies: list[dict[str, Any]], labels: dict[str, str], direction: str) -> list[list[dict[str, Any]]]:
    """Return the rules of each policy that isolates such a pod in a direction; no such policy at all would allow everything."""
    found = [p["spec"] for p in policies if direction in p["spec"]["policyTypes"] and selects(p["spec"]["podSelector"], labels)]
    assert found, f"nothing isolates {labels} for {direction}"
    return [spec.get(direction.lower(), []) for spec in found]


def _rule(rule: dict[str, Any], side: str, peer: dict[str, str], port: int) -> bool:
    ports = [each["port"] for each in rule.get("ports", ())]
    assert all(isinstance(each, int) for each in ports), "a named port means another number on every pod"
    if ports and port not in ports:
        return False
    return not rule.get(side) or any(
        "podSelector" in each and "namespaceSelector" not in each and selects(each["podSelector"], peer) for each in rule[side]
    )


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Tell whether a label selector selects labels."""
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    for each in selector.get("matchExpressions", ()):
        inside = labels.get(each["key"]) in each["values"]
        assert each["operator"] in {"In", "NotIn"}, each
        if inside != (each["operator"] == "In"):
            return False
    return True
