"""`python -m singo <process>`: rpc, consume, relay and jobs run until stopped; migrate ends by itself."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from chassis.settings import load

from singo.settings import PREFIX, Settings


def _migrate(settings: Settings) -> None:
    from chassis import telemetry
    from chassis.db import migrate

    from singo.app import MIGRATIONS

    telemetry.configure("singo", "migrate", settings)
    migrate(settings.database_url, MIGRATIONS)


def _process(name: str) -> Callable[[Settings], None]:
    def run(settings: Settings) -> None:
        from singo import processes

        processes.run(name, settings)

    return run


PROCESSES = {name: _process(name) for name in ("rpc", "consume", "relay", "jobs")} | {"migrate": _migrate}


def main() -> None:
    """Run the process that the command line names."""
    parser = argparse.ArgumentParser(prog="singo", description=__doc__)
    parser.add_argument("process", choices=PROCESSES)
    PROCESSES[parser.parse_args().process](load(Settings, PREFIX))


if __name__ == "__main__":
    main()
