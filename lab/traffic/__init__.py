"""A constant load on an instance, and the result of every request."""

from lab.traffic.background import Load, background_load
from lab.traffic.counters import Failure, LoadResult

__all__ = ["LoadResult", "Failure", "Load", "background_load"]
