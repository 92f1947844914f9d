"""What tests of every service share: real servers, fresh databases, calls as somebody."""

from chassis.testing.calls import as_citizen, as_guest, as_nobody, as_staff, as_workload, minter, serve, token, verifier, with_key
from chassis.testing.servers import database_url, kafka, lacking, postgres, require_all, valkey, with_database

__all__ = [
    "as_citizen",
    "as_guest",
    "as_nobody",
    "as_staff",
    "as_workload",
    "database_url",
    "kafka",
    "lacking",
    "minter",
    "postgres",
    "require_all",
    "serve",
    "token",
    "valkey",
    "verifier",
    "with_database",
    "with_key",
]
