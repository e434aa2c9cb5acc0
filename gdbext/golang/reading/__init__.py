"""How a structure is declared, bound to one binary, and read."""
