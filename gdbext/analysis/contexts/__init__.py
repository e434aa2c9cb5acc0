"""The forest of contexts: found, related, shown."""
