"""Read-only questions about the environment: ask, parse, return values."""
