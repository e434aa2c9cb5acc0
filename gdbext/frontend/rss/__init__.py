"""``python -m gdbext rss``: how the memory of programs grows side by side, and whether a fix held."""
