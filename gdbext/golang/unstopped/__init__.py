"""The same from a program that runs: what is read again, what is certain."""
