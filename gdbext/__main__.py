"""``python -m gdbext``, and the console command ``gdbext``."""

import sys


def main() -> int:
    """The exit status. Interrupted while modules are loaded it says the same as later."""
    try:
        from gdbext.frontend import cli

        return cli.main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.stderr.write("gdbext: interrupted\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
