"""A constant load on an instance, and an honest account of what became of every request."""

from lab.traffic.account import Account, Failure
from lab.traffic.beside import Load, load_beside

__all__ = ["Account", "Failure", "Load", "load_beside"]
