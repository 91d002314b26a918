"""From samples of a drill to the path of each alert: fired, in Alertmanager, taken by each channel, over.

Alertmanager counts messages a kind of channel, and not an alert. Groups of a drill wait equally long, so messages leave
in the order in which the alerts came: the first message that a channel took is about the first alert, and so on.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EARLY_S = 5.0  # by so much a message may be counted before its alert was seen: they are asked one after the other
Channels = Mapping[str, tuple[tuple[str, bool], ...]]  # receiver → kind of each channel; whether it sends the end


@dataclass(frozen=True)
class Sample:
    """What was seen at once, `s` seconds after the begin.

    `states` are Prometheus' by alert, `routed` Alertmanager's with the receivers; `taken` and `failed` count
    messages since Alertmanager's start, a kind of channel.
    """

    s: float
    states: Mapping[str, frozenset[str]]
    routed: Mapping[str, tuple[str, tuple[str, ...]]]
    taken: Mapping[str, int]
    failed: Mapping[str, int]

    @classmethod
    def read(cls, data: dict[str, Any]) -> Sample:
        """As the program writes it. Raises ValueError, KeyError, AttributeError."""
        states: dict[str, frozenset[str]] = defaultdict(frozenset)
        for name, state in _pairs(data["p"]):
            states[name] |= {state}
        routed: dict[str, tuple[str, tuple[str, ...]]] = {}
        for name, value in _pairs(data["a"]):
            state, _, receivers = value.partition(":")
            # of several instances of one alert, one that is sent is what counts
            if routed.get(name, ("",))[0] != "active":
                routed[name] = (state, tuple(receivers.split("+")))
        taken, failed = ({kind: int(count) for kind, count in _pairs(data[key])} for key in ("d", "f"))
        return cls(float(data["s"]), dict(states), routed, taken, failed)


@dataclass(frozen=True)
class AlertPath:
    """One condition, in seconds since the drill's begin; None is what did not happen while it was watched.

    `sent` and `end_sent` have each channel that was to take a message, `failures` how often those failed.
    """

    name: str
    begun: float
    ended: float | None = None
    pending: float | None = None
    fired: float | None = None
    routed: float | None = None
    suppressed: bool = False
    over: float | None = None
    sent: Mapping[str, float | None] = field(default_factory=dict)
    end_sent: Mapping[str, float | None] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)

    @property
    def arrived(self) -> bool:
        """Whether each channel took the message, and that it is over."""
        taken = (*self.sent.values(), *self.end_sent.values())
        return bool(self.sent) and None not in taken and self.over is not None

    @property
    def row(self) -> dict[str, str]:
        """As a row of a table; seconds since it was provoked, and since its provocation ended."""
        def since(at: float | None, begin: float | None) -> str:
            return "–" if at is None or begin is None else f"{max(0.0, at - begin):.0f} s"

        return {
            "alert": self.name, "fires": since(self.fired, self.begun),
            "in Alertmanager": since(self.routed, self.begun),
            "sent": ", ".join(f"{kind} {since(at, self.begun)}" for kind, at in self.sent.items()) or "–",
            "over": since(self.over, self.ended),
            "end sent": ", ".join(f"{kind} {since(at, self.ended)}" for kind, at in self.end_sent.items()) or "–",
        }


class _Queues:
    """Messages that are due, a kind of channel, oldest first. One that was counted before its alert was seen waits."""

    def __init__(self) -> None:
        self._due: dict[str, deque[tuple[str, bool]]] = defaultdict(deque)
        self._early: dict[str, deque[float]] = defaultdict(deque)
        self.at: dict[tuple[str, bool, str], float] = {}

    def expect(self, name: str, end: bool, kind: str, at: float) -> None:
        self._due[kind].append((name, end))
        while self._early[kind] and self._early[kind][0] < at - EARLY_S:
            self._early[kind].popleft()  # about something else
        if self._early[kind]:
            self.take(kind, self._early[kind].popleft())

    def take(self, kind: str, at: float) -> None:
        if not self._due[kind]:
            self._early[kind].append(at)
            return
        name, end = self._due[kind].popleft()
        # the last end counts, and the first firing
        if end or (name, end, kind) not in self.at:
            self.at[name, end, kind] = at


def follow(begun: Mapping[str, float], ended: Mapping[str, float], samples: tuple[Sample, ...],
           channels: Channels) -> tuple[AlertPath, ...]:
    """The path of each condition that was provoked, in the order of their begin."""
    queues, before = _Queues(), Sample(0.0, {}, {}, samples[0].taken if samples else {}, {})
    receivers: dict[str, tuple[str, ...]] = {}
    for sample in samples:
        for name in sorted(set(sample.routed) | set(before.routed)):
            is_sent, was_sent = (one.routed.get(name, ("",))[0] == "active" for one in (sample, before))
            if is_sent != was_sent:
                receivers[name] = sample.routed[name][1] if is_sent else receivers.get(name, ())
                for kind, tells_end in _of(receivers[name], channels):
                    if is_sent or tells_end:
                        queues.expect(name, not is_sent, kind, sample.s)
        for kind, count in sample.taken.items():
            for _ in range(max(0, count - before.taken.get(kind, 0))):
                queues.take(kind, sample.s)
        before = sample
    return tuple(_path(name, at, ended.get(name), samples, _of(receivers.get(name, ()), channels), queues)
                 for name, at in sorted(begun.items(), key=lambda one: one[1]))


def _path(name: str, begun: float, ended: float | None, samples: tuple[Sample, ...],
          channels: tuple[tuple[str, bool], ...], queues: _Queues) -> AlertPath:
    def first(state: str) -> float | None:
        return next((one.s for one in samples if state in one.states.get(name, ())), None)

    seen = [one for one in samples if name in one.routed]
    last = samples[-1] if samples else None
    over = next((one.s for one in samples if seen and one.s > seen[-1].s), None)
    first_failed = samples[0].failed if samples else {}
    return AlertPath(
        name, begun, ended, pending=first("pending") or first("firing"), fired=first("firing"),
        routed=seen[0].s if seen else None,
        suppressed=bool(seen) and all(one.routed[name][0] != "active" for one in seen), over=over,
        sent={kind: queues.at.get((name, False, kind)) for kind, _ in channels},
        end_sent={kind: queues.at.get((name, True, kind)) for kind, tells_end in channels if tells_end},
        failures={kind: last.failed.get(kind, 0) - first_failed.get(kind, 0) for kind, _ in channels} if last else {},
    )


def _of(receivers: tuple[str, ...], channels: Channels) -> tuple[tuple[str, bool], ...]:
    return tuple(one for name in receivers for one in channels.get(name, ()))


def _pairs(text: str) -> list[tuple[str, str]]:
    parts = (one.partition("=") for one in text.split(",") if one)
    return [(name, value) for name, _, value in parts]
