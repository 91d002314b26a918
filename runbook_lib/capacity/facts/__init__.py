"""Read-only questions about what is used of what there is."""
