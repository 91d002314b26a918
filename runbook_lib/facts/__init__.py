"""Read-only questions about an environment: ask, parse, return frozen values."""
