from chassis.testing import database_url, kafka, postgres, valkey  # noqa: F401 - fixtures
