"""What to expect of a setting that is not as planned, in a sentence: known settings of PostgreSQL and Redis."""

from __future__ import annotations

# name → what too much of it does, what too little does
_EFFECTS = {
    "max_connections": ("each connection takes memory, idle ones too", "clients are refused when all are taken"),
    "shared_buffers": ("memory is kept from the file cache, and the container may be killed for it",
                       "more is read from disk"),
    "effective_cache_size": ("indexes are preferred where a whole read is quicker", "whole reads are preferred to "
                                                                                    "indexes"),
    "work_mem": ("every sort of every connection may take it: the container may be killed for memory",
                 "sorts and joins are written to disk"),
    "maintenance_work_mem": ("several vacuums at once may exceed the container's memory",
                             "VACUUM and CREATE INDEX take longer"),
    "max_wal_size": ("more of the disk is taken, and recovery takes longer", "checkpoints come often and slow writes "
                                                                             "down"),
    "checkpoint_completion_target": ("checkpoints overlap", "checkpoints write all at once: response times jump"),
    "autovacuum": ("", "dead rows are never removed: tables grow, and reads slow down"),
    "track_counts": ("", "autovacuum does not know what to do, and this review has nothing to read"),
    "autovacuum_vacuum_scale_factor": ("dead rows wait longer: tables grow", "vacuum runs more often than planned"),
    "autovacuum_analyze_scale_factor": ("plans rest on old statistics for longer", "ANALYZE runs more often than "
                                                                                   "planned"),
    "log_min_duration_statement": ("slow statements are not logged", "the log grows with statements that are not slow"),
    "maxmemory": ("the container may be killed for memory, and all sessions are away until it is back",
                  "entries are evicted early: fewer hits"),
    "maxmemory-policy": ("when memory is full, other keys go than planned, or writes are refused",) * 2,
    "appendonly": ("sessions do not survive a restart",) * 2,
    "appendfsync": ("a crash loses more of the sessions, or each write waits for the disk",) * 2,
    "maxclients": ("more clients than planned may take memory", "clients are refused"),
}


def effect_of(name: str, ratio: float | None) -> str:
    """`Now: …`, by whether there is more or less of it than planned; empty for a setting that is not known here."""
    more, less = _EFFECTS.get(name, ("", ""))
    words = more if ratio is not None and ratio > 1 else less or more
    return f"Until then {words}." if words else ""
