"""``python -m gdbext``."""

import sys

from gdbext.frontend.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
