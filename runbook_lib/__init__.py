"""Operations runbooks of a docker-compose staging environment. The names here, and those of the families, are all that
notebooks use.
"""

from runbook_lib.core.lazy import loader

_HOMES = {
    "open_run": "runbook_lib.run",
    "if_available": "runbook_lib.platform.facts.availability",
    "recent_runs": "runbook_lib.report.recent_runs",
    "runbook_index": "runbook_lib.report.recent_runs",
    "last_done": "runbook_lib.report.recent_runs",
    "last_run": "runbook_lib.report.recent_runs",
    "failed_rollback": "runbook_lib.report.failed_rollback",
    "earlier_evidence": "runbook_lib.report.earlier_evidence",
    "platform": "platform",
    "release": "release",
    "recovery": "recovery",
    "observability": "observability",
    "capacity": "capacity",
}

__all__ = list(_HOMES)
__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
