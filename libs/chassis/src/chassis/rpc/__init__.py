"""gRPC as this platform speaks it: rules that admit callers, a server, a client, one table of errors."""

from chassis.rpc.calls import current_idempotency_key, deadline, idempotency_key
from chassis.rpc.client import Upstream
from chassis.rpc.failures import Failure
from chassis.rpc.keys import KeySet, jwks
from chassis.rpc.rules import ANYONE, CITIZEN, GUEST, Rule, Served, access, rules_of, staff, unruled, workload
from chassis.rpc.server import Server
from chassis.rpc.tls import Identity, identity
from chassis.rpc.workloads import OwnTokens, workload_keys

__all__ = [
    "ANYONE",
    "CITIZEN",
    "GUEST",
    "Failure",
    "Identity",
    "KeySet",
    "OwnTokens",
    "Rule",
    "Served",
    "Server",
    "Upstream",
    "access",
    "current_idempotency_key",
    "deadline",
    "idempotency_key",
    "identity",
    "jwks",
    "rules_of",
    "staff",
    "unruled",
    "workload",
    "workload_keys",
]
