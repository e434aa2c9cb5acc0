"""Which objects are alive, of which type, and who keeps them."""
