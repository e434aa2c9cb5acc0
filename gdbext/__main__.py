"""``python -m gdbext``, and the console command ``gdbext``."""

import sys

from gdbext.frontend import cli


def main() -> int:
    """The exit status."""
    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
