"""What it adds up to: pure functions and frozen results over golang/ records. No I/O, no printing."""
