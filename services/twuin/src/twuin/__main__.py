"""`python -m twuin <process>`; `--help` lists them."""

import sys
from dataclasses import replace

from chassis import process

from twuin import demo
from twuin.app import SERVICE

COMMANDS = {"demo": demo.COMMAND}

if __name__ == "__main__":
    sys.exit(process.main(replace(SERVICE, commands=COMMANDS)))
