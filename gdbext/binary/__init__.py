"""The ELF file of a program: sections, symbols, build information; debug information; layouts."""

import gdbext.compute.lonenumpy  # noqa: F401  before another module of ours imports NumPy
