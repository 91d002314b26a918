"""Values that everything else is made of: no I/O, no knowledge of the environment."""
