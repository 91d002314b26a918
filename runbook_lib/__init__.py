"""Runbooks of a docker-compose staging environment: the helper package behind notebooks/."""
