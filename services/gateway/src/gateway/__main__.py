"""`python -m gateway <process>`; `--help` lists them."""

import sys
from dataclasses import replace

from chassis import settings

if sys.argv[1:2] == ["web"]:
    settings.share_metrics()  # before anything makes a metric

from chassis import process

from gateway.app import SERVICE
from gateway.processes import BODIES, COMMANDS


def main() -> int:
    """Run the process or command that the command line names."""
    return process.main(replace(SERVICE, bodies=BODIES, commands=COMMANDS))


if __name__ == "__main__":
    sys.exit(main())
