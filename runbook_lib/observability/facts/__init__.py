"""Read-only questions that only the runbooks of the 40s ask; what others ask too is in platform."""
