"""What the debug information says of many types and closures at once."""
