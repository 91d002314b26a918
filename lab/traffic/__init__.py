"""A constant load on an instance, and an honest account of what became of every request."""

from lab.traffic.background import Load, load_beside
from lab.traffic.counters import Account, Failure

__all__ = ["Account", "Failure", "Load", "load_beside"]
