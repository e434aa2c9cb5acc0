"""Tests of gdbext/report/html/."""
