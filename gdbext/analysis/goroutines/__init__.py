"""Goroutines in groups, their stacks, threads and ancestors."""
