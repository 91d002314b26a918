"""The catalogue of corruptions: every way in which a backup can be corrupted that must not be accepted."""

from __future__ import annotations

import random

from lab.resilience.backup_pair import Corruption, Pair
from lab.resilience.file_corruptions import SEED, bit_flips, manifest_corruptions, replaced_files, truncations
from lab.resilience.sql_corruptions import altered_sql, missing_rows, truncated_sql


def all_corruptions(good: Pair) -> tuple[Corruption, ...]:
    """More than two hundred, always the same ones for the same backup."""
    chance = random.Random(SEED)
    return (*truncations(good, chance), *bit_flips(good, chance), *replaced_files(),
            *manifest_corruptions(good, chance), *truncated_sql(good, chance), *missing_rows(good), *altered_sql())
