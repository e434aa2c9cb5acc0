"""Debug information, skimmed."""
