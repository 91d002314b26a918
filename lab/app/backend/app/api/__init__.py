"""The routes under /api/v1, a module a noun."""
