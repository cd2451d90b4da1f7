"""The dashboard's pictures and their table: worked out once a minute for each merchant, whoever looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.core.cache import cache

from cartrover.merchants.models import Merchant
from cartrover.portal.charts import Bar, Line, bars, line
from cartrover.portal.figures import Day, Figures, Took, figures

KEPT = 60  # seconds
A_SECOND = timedelta(seconds=1)  # what a picture of times is at least high


@dataclass(frozen=True, slots=True)
class TimeChart:
    """A time as a picture: the median's line and the 95th's. ``top`` is the canvas' height.

    ``only`` is the one day that has been measured, where there is no second: a picture of one point tells nothing.
    """

    took: Took | None
    only: Day | None
    median: Line
    most: Line
    top: timedelta


@dataclass(frozen=True, slots=True)
class Pictures:
    """``columns`` are days with their bars."""

    days: list[Day]
    columns: list[tuple[Day, Bar]]
    busiest: int
    delivery: TimeChart
    tracking: TimeChart


def pictures(merchant: Merchant) -> Pictures:
    """Inside the merchant's door."""
    told = _kept(merchant)
    counts = [float(day.orders) for day in told.days]
    return Pictures(
        told.days,
        list(zip(told.days, bars(counts), strict=True)),
        int(max(counts, default=0)),
        _time(told.delivery, told.days, [day.delivery for day in told.days]),
        _time(told.tracking, told.days, [day.tracking for day in told.days]),
    )


def _kept(merchant: Merchant) -> Figures:
    key = f"figures-{merchant.pk}"
    told: Figures | None = cache.get(key)
    if told is None:
        told = figures(merchant)
        cache.set(key, told, KEPT)
    return told


def _time(over_all: Took | None, days: list[Day], times: list[Took | None]) -> TimeChart:
    measured = [(day, took) for day, took in zip(days, times, strict=True) if took is not None]
    top = max([A_SECOND, *(took.most for _, took in measured)])
    medians = [None if took is None else took.median.total_seconds() for took in times]
    mosts = [None if took is None else took.most.total_seconds() for took in times]
    return TimeChart(
        over_all,
        measured[0][0] if len(measured) == 1 else None,
        line(medians, top.total_seconds()),
        line(mosts, top.total_seconds()),
        top,
    )
