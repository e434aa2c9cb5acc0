"""Heap profiles that somebody else wrote: read, and looked up in the program at hand."""
