"""What the bytes mean: one module per Go source file, named after it."""
