"""The checks of 62 Tuning review, under one name."""

from runbook_lib.capacity.checks.caches import caches_work
from runbook_lib.capacity.checks.delivery import delivery_is_tuned
from runbook_lib.capacity.checks.indexes import indexes_fit
from runbook_lib.capacity.checks.planned_values import planned_values, values_in_force
from runbook_lib.capacity.checks.statements import statements_are_fast
from runbook_lib.capacity.checks.tuning_answer import changes_to_make
from runbook_lib.capacity.checks.upkeep import vacuum_keeps_up

__all__ = ["caches_work", "changes_to_make", "delivery_is_tuned", "indexes_fit", "planned_values",
           "statements_are_fast", "vacuum_keeps_up", "values_in_force"]
