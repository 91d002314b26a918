"""Pure checks: facts held against the environment's plan; findings out."""
