"""Medians with their confidence intervals, by the bootstrap: no distribution is assumed."""

from collections.abc import Callable, Sequence
from random import Random
from statistics import median
from typing import NamedTuple

RESAMPLES = 4000
_TAIL = 0.025


class Estimate(NamedTuple):
    """A value and the interval that has the true one in 95 of 100 cases."""

    value: float
    low: float
    high: float

    def __format__(self, spec: str) -> str:
        """The value and, in brackets, its interval."""
        return f"{self.value:{spec}} ({self.low:{spec}}…{self.high:{spec}})"


def estimate(samples: Sequence[float]) -> Estimate:
    """Of a median."""
    return _bootstrap(len(samples), lambda drawn: median(samples[index] for index in drawn))


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> Estimate:
    """Of one median over another; the samples belong together in pairs."""

    def of(drawn: Sequence[int]) -> float:
        return median(numerators[index] for index in drawn) / median(denominators[index] for index in drawn)

    return _bootstrap(len(numerators), of)


def _bootstrap(count: int, statistic: Callable[[Sequence[int]], float]) -> Estimate:
    random = Random(1)  # resampling, and the same every time
    drawn = sorted(statistic(random.choices(range(count), k=count)) for _ in range(RESAMPLES))
    return Estimate(statistic(range(count)), drawn[int(RESAMPLES * _TAIL)], drawn[int(RESAMPLES * (1 - _TAIL)) - 1])
