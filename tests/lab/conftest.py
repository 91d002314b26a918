"""The server itself comes from tests/lab_server.py; tests name its type."""

from tests.lab_server import Lab

__all__ = ["Lab"]
