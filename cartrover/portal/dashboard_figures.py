"""The dashboard's pictures and their table: worked out once a minute for each merchant, whoever looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.core.cache import cache

from cartrover.merchants.models import Merchant
from cartrover.portal.charts import Bar, bars, line
from cartrover.portal.figures import Day, Figures, Took, figures

KEPT = 60  # seconds


@dataclass(frozen=True, slots=True)
class TimeChart:
    """A time as a picture: the median's line and the 95th's, in parts where days are missing. ``top`` is the canvas' height."""

    took: Took | None
    median: list[str]
    most: list[str]
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
        _time(told.delivery, [day.delivery for day in told.days]),
        _time(told.tracking, [day.tracking for day in told.days]),
    )


def _kept(merchant: Merchant) -> Figures:
    key = f"figures-{merchant.pk}"
    told: Figures | None = cache.get(key)
    if told is None:
        told = figures(merchant)
        cache.set(key, told, KEPT)
    return told


def _time(over_all: Took | None, days: list[Took | None]) -> TimeChart:
    top = max((took.most for took in days if took is not None), default=timedelta(seconds=1))
    medians = [None if took is None else took.median.total_seconds() for took in days]
    mosts = [None if took is None else took.most.total_seconds() for took in days]
    return TimeChart(over_all, line(medians, top.total_seconds()), line(mosts, top.total_seconds()), top)
