"""Pure checks: facts against the environment file, as findings."""
