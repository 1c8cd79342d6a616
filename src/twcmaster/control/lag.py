"""How late a meter is, and whether it sees the cars at all: learned from the steps that our own offers cause.

When cars change their draw, a meter that sees them shows the step, sooner or later. Each *model* says what part of a
reading the cars were: their draw some seconds before, or their mean over the meter's interval, or nothing. Taking
that part away leaves house and sun, which know nothing of our offers: under the right model they do not jump when
the cars do. So each pair of readings around a step of the cars is held against all models, and the one that leaves
the least jumping is right. Clouds jump under every model alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from twcmaster.control.trail import Trail, at, mean

#: What one connector's car drew, and the watts of one of its amps.
Track = tuple[Trail, float]

DELAYS_S = (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 20.0, 30.0)
#: Models must differ by this much over a pair of readings for the pair to tell anything.
TELLING_W = 400.0
#: One pair counts at most this many times the difference of the models: a big cloud is no proof.
CLOUD_CAP = 1.5
FORGET = 0.92
#: How many telling pairs are needed, and how much better a model must be, to follow it, and to call the config wrong.
ENOUGH = 4.0
BETTER = 0.75
ENOUGH_TO_ACCUSE = 10.0
FAR_BETTER = 0.5
#: Once the config is called wrong it stays so until its best model is as good as the other kind's.
STILL_BETTER = 1.0


@dataclass(frozen=True, slots=True)
class Model:
    """What part of a reading the cars were."""

    delay_s: float = 0.0
    #: Mean over this long before the reading; 0: the moment itself.
    window_s: float = 0.0
    seen: bool = True

    def part_w(self, tracks: Sequence[Track], taken_at: float) -> float:
        """Watts of cars in a reading taken at this time."""
        if not self.seen:
            return 0.0
        moment = taken_at - self.delay_s
        if self.window_s:
            return sum(mean(trail, moment - self.window_s, moment) * per_amp for trail, per_amp in tracks)
        return sum(at(trail, moment) * per_amp for trail, per_amp in tracks)


UNSEEN = Model(seen=False)
PROMPT = Model()


@dataclass(frozen=True, slots=True)
class Lag:
    """What is known of one meter. `chosen` is the model to read it with."""

    chosen: Model = PROMPT
    models: tuple[Model, ...] = ()
    #: How much of a jump each model has left, and over how many telling pairs, old ones counting less.
    left_w: tuple[float, ...] = ()
    pairs: float = 0.0
    #: The watts of the cars are certain: no car may be using fewer phases than it is taken to use.
    sure: bool = True
    #: The readings clearly speak against what the config says the meter sees.
    contradicted: bool = False
    #: The last two readings: time, and import as the meter has it.
    last: tuple[tuple[float, float], ...] = ()


def first(interval_s: float, *, seen: bool) -> Lag:
    """Nothing is known yet but what the config says."""
    models = [Model(delay) for delay in DELAYS_S if delay <= max(DELAYS_S[3], 4 * interval_s)]
    if interval_s >= 2 * DELAYS_S[1]:
        models.append(Model(window_s=interval_s))
    models.append(UNSEEN)
    return Lag(PROMPT if seen else UNSEEN, tuple(models), (0.0,) * len(models))


def keep_s(interval_s: float) -> float:
    """How long trails must be for learning about a meter with this interval."""
    return 3 * interval_s + 2 * DELAYS_S[-1]


def looks_back_s(lag: Lag) -> float:
    """How long before a reading its models look."""
    return max(model.delay_s + model.window_s for model in lag.models)


def learn(lag: Lag, tracks: Sequence[Track], taken_at: float, import_w: float, *, sure: bool = True) -> Lag:
    """What is known after a new reading. The pair before it is judged now, when the cars' answers around it are in."""
    lag = replace(lag, last=(*lag.last[-2:], (taken_at, import_w)))
    if len(lag.last) < 3 or not _moved(tracks, lag.last[0][0]):  # noqa: PLR2004 - a pair and the new one
        return lag
    (before, before_w), (after, after_w), _ = lag.last
    parts = [model.part_w(tracks, after) - model.part_w(tracks, before) for model in lag.models]
    spread_w = max(parts) - min(parts)
    if spread_w < TELLING_W:
        return lag
    jumps = (min(abs(after_w - before_w - part), CLOUD_CAP * spread_w) for part in parts)
    left = tuple(FORGET * old + jump for old, jump in zip(lag.left_w, jumps, strict=True))
    return _choose(_accused(replace(lag, left_w=left, pairs=FORGET * lag.pairs + 1, sure=sure)))


def _moved(tracks: Sequence[Track], since: float) -> bool:
    """Whether any car has changed its draw since a while before that moment."""
    horizon = since - DELAYS_S[-1]
    return any(len(trail) > 2 and trail[-2][0] > horizon for trail, _ in tracks)  # noqa: PLR2004 - two ends


def _accused(lag: Lag) -> Lag:
    """Hold the config against the readings.

    The fewer there are, the clearer they must be: cars that take all they can soon take no more steps to learn from.
    """
    if lag.pairs < ENOUGH or (lag.chosen.seen and not lag.sure):
        return replace(lag, contradicted=False)
    best = {True: float("inf"), False: float("inf")}
    for model, left in zip(lag.models, lag.left_w, strict=True):
        best[model.seen] = min(best[model.seen], left)
    enough = STILL_BETTER if lag.contradicted else FAR_BETTER * min(1.0, lag.pairs / ENOUGH_TO_ACCUSE)
    return replace(lag, contradicted=best[not lag.chosen.seen] < enough * best[lag.chosen.seen])


def _choose(lag: Lag) -> Lag:
    """Follow another model only when it is clearly better; never change whether cars are seen: the config says that."""
    if lag.pairs < ENOUGH:
        return lag
    allowed = [(left, index) for index, left in enumerate(lag.left_w) if lag.models[index].seen is lag.chosen.seen]
    left, index = min(allowed)
    now = lag.left_w[lag.models.index(lag.chosen)]
    return replace(lag, chosen=lag.models[index]) if left < BETTER * now else lag
