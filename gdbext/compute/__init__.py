"""Loops compiled ahead: library, compiler, machine code, threads. Knows no target and no Go."""
