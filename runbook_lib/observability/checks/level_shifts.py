"""When a metric went from one level to another, and how far: nothing is named that noise or a single spike explains.

Candidates come from PELT with a penalty (ruptures), in time that is bounded by the number of points; each has to be
confirmed against the noise of its own neighbourhood, whatever the penalty let through. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import fmean
from typing import TYPE_CHECKING, Any

from runbook_lib.platform.facts.metric_ranges import Grid

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

MOST_POINTS = 1_000  # what is searched; longer series are joined to means of neighbours
LEAST_POINTS = 5  # of a level: fewer are a spike
PENALTY = 6.0  # of a change, in variances of the noise times the logarithm of the number of points
CONFIDENCE = 4.5  # standard errors between two levels: none of thousands of flat series has them so far apart
VISIBLE = 2.0  # times the noise: a smaller shift may be real, and no eye sees it
SPIKE = 4.0  # times the noise around the median of its neighbours
STAIR = 0.6  # of the whole way: a larger one is a jump, whatever crept before or after it
MAD = 1.4826  # from a median absolute deviation to a standard deviation


@dataclass(frozen=True)
class LevelShift:
    """A metric's level was `before` until `last_before`, and `after` from `at` on (UTC), in the metric's unit.

    `gradual`: it took the time between the two, and did not jump. `joined_s`: seconds between neighbours in the search.
    """

    last_before: datetime
    at: datetime
    before: float
    after: float
    gradual: bool = False
    joined_s: float = 0.0

    @property
    def size(self) -> float:
        """How far it went; negative when it fell."""
        return self.after - self.before


def level_shifts(values: Sequence[float | None], grid: Grid, minimum_change: float) -> tuple[LevelShift, ...]:
    """The changes of level of at least `minimum_change`, oldest first. Missing values are left out, never invented."""
    width = max(1, math.ceil(len(values) / MOST_POINTS))
    places, levels = _joined(values, width)
    if len(levels) < 2 * LEAST_POINTS:
        return ()
    import numpy

    found: Array = numpy.asarray(levels, dtype=float)
    background = _background(found, minimum_change)
    clipped = _without_spikes(found, background.noise)
    breaks = _confirmed(clipped, _candidates(clipped, background.noise), background)
    shifts = _named(clipped, breaks, [*places, len(values)], grid, width)
    return tuple(_placed(one, values, grid) for one in shifts) if width > 1 else shifts


@dataclass(frozen=True)
class _Background:
    """What a series does where nothing changes: by differences of neighbours, which a change of level hardly touches.

    `memory`: how many neighbouring values count as one, because they follow each other; 1 where they do not.
    """

    noise: float
    spread: float
    memory: float
    minimum_change: float


def _background(found: Array, minimum_change: float) -> _Background:
    import numpy

    steps = numpy.diff(found)
    noise = MAD * float(numpy.median(numpy.abs(steps))) / math.sqrt(2)
    # the largest are the changes that are looked for, and spikes
    usual = numpy.sort(numpy.abs(steps))[:-max(2, len(steps) // 50)]
    spread = math.sqrt(float(numpy.mean(usual**2)) / 2)
    bounded = numpy.clip(steps, -float(usual[-1]), float(usual[-1]))
    alone = float(numpy.dot(bounded, bounded))
    # of independent values each difference undoes half of the previous one; of a slow curve none does
    alike = 1 + 2 * float(numpy.dot(bounded[1:], bounded[:-1])) / alone - 1 / math.sqrt(len(steps)) if alone else 0.0
    # noise far below what is worth naming counts as so much: a series of whole numbers may have none at all
    return _Background(max(noise, spread, minimum_change / 8), spread, _memory(alike), minimum_change)


def _memory(alike: float) -> float:
    bounded = min(max(alike, 0.0), 0.95)
    return (1 + bounded) / (1 - bounded)


def _joined(values: Sequence[float | None], width: int) -> tuple[list[int], list[float]]:
    """The first place and the mean of each group of `width` neighbours that has a value at all."""
    places, levels = [], []
    for first in range(0, len(values), width):
        known = [one for one in values[first:first + width] if one is not None]
        if known:
            places.append(first)
            levels.append(fmean(known))
    return places, levels


def _without_spikes(found: Array, noise: float) -> Array:
    """What stands out for at most three points is set to the median around it: no level, whatever its height."""
    import numpy

    half = 3
    inner = numpy.median(numpy.lib.stride_tricks.sliding_window_view(found, 2 * half + 1), axis=1)
    around = numpy.pad(inner, half, mode="edge")  # the ends are compared with the first and last whole window
    return numpy.where(numpy.abs(found - around) > SPIKE * noise, around, found)


def _candidates(clipped: Array, noise: float) -> list[int]:
    import ruptures

    # PELT for a change of the mean, in C; the pure Python one takes seconds where nothing changes
    search: Any = ruptures.KernelCPD(kernel="linear", min_size=LEAST_POINTS).fit(clipped.reshape(-1, 1))
    found: list[int] = search.predict(pen=PENALTY * noise**2 * math.log(len(clipped)))
    return found[:-1]


def _confirmed(clipped: Array, breaks: list[int], background: _Background) -> list[int]:
    """Without those that noise explains: the least convincing one goes first, and its neighbours are judged anew."""
    while breaks:
        scores = _scores(clipped, breaks, background)
        weakest = min(range(len(breaks)), key=scores.__getitem__)
        if scores[weakest] >= 1:
            break
        breaks = breaks[:weakest] + breaks[weakest + 1:]
    return breaks


def _scores(clipped: Array, breaks: list[int], background: _Background) -> list[float]:
    """How far each break is above what it has to be: 1 is just enough."""
    import numpy

    parts = numpy.split(clipped, breaks)
    levels = [float(numpy.median(part)) for part in parts]
    scores = []
    for number in range(len(breaks)):
        left, right = parts[number] - levels[number], parts[number + 1] - levels[number + 1]
        rest = numpy.concatenate((left, right))
        noise = max(MAD * float(numpy.median(numpy.abs(rest))), float(numpy.std(rest)), background.spread,
                    background.minimum_change / 100)
        memory = max(background.memory, _memory(_alike(left, right)))
        error = noise * math.sqrt(memory * (1 / len(left) + 1 / len(right)))
        size = abs(levels[number + 1] - levels[number])
        scores.append(min(size / background.minimum_change, size / (VISIBLE * noise), size / (CONFIDENCE * error)))
    return scores


def _alike(*parts: Array) -> float:
    """How far a value follows its neighbour: 0 not at all, 1 entirely."""
    import numpy

    both = sum(float(numpy.dot(part[1:], part[:-1])) for part in parts)
    alone = sum(float(numpy.dot(part, part)) for part in parts)
    return both / alone if alone else 0.0


def _named(clipped: Array, breaks: list[int], places: list[int], grid: Grid, width: int) -> tuple[LevelShift, ...]:
    import numpy

    parts = numpy.split(clipped, breaks)
    levels = [float(numpy.median(part)) for part in parts]
    named = [LevelShift(grid.at(places[place - 1]), grid.at(places[place]), levels[number], levels[number + 1],
                        _is_gradual(parts[number], parts[number + 1]), width * grid.step_s)
             for number, place in enumerate(breaks)]
    runs: list[list[LevelShift]] = []
    for shift in named:
        if runs and (runs[-1][-1].size > 0) == (shift.size > 0):
            runs[-1].append(shift)
        else:
            runs.append([shift])
    return tuple(one for run in runs for one in _as_slope(run))


def _as_slope(run: list[LevelShift]) -> list[LevelShift]:
    """Changes in one direction, one after the other: a slope is one change, not the stairs that a search sees."""
    first, last = run[0], run[-1]
    whole = abs(last.after - first.before)
    stairs = len(run) > 2 and max(abs(one.size) for one in run) <= STAIR * whole
    if len(run) > 1 and (stairs or all(one.gradual for one in run)):
        return [replace(first, at=last.at, after=last.after, gradual=True)]
    return run


def _placed(shift: LevelShift, values: Sequence[float | None], grid: Grid) -> LevelShift:
    """A jump at its own point, where the search knew only a group of neighbours."""
    if shift.gradual:
        return shift
    reach = int(2 * shift.joined_s) // grid.step_s
    middle = int((shift.at - grid.begin).total_seconds()) // grid.step_s
    around = [(place, value) for place in range(max(0, middle - reach), min(len(values), middle + reach))
              if (value := values[place]) is not None]

    def misfit(cut: int) -> float:
        return (sum(abs(value - shift.before) for _, value in around[:cut])
                + sum(abs(value - shift.after) for _, value in around[cut:]))

    cut = min(range(1, len(around)), key=misfit, default=0)
    if not cut:
        return shift
    return replace(shift, last_before=grid.at(around[cut - 1][0]), at=grid.at(around[cut][0]))


def _is_gradual(left: Array, right: Array) -> bool:
    """Whether the values next to the change are far from both levels: then it climbed, and did not jump."""
    import numpy

    reach = max(LEAST_POINTS, min(len(left), len(right)) // 6)
    apart = max(1, reach // 3)  # a rate over a minute needs a few points for the steepest jump
    before, after = left[:-apart][-reach:], right[apart:][:reach]
    near = abs(float(numpy.median(after)) - float(numpy.median(before)))
    return near < STAIR * abs(float(numpy.median(right)) - float(numpy.median(left)))
