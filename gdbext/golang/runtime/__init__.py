"""Package runtime: one module per Go source file."""
