"""`python -m singo <process>`; `--help` lists them."""

import sys

from chassis import process

from singo.app import SERVICE

if __name__ == "__main__":
    sys.exit(process.main(SERVICE))
