"""What getOrders is asked, checked as strictly as eBay does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from .errors import Refusal
from .formats import moment, stamp

MAX_YEARS = 2
DEFAULT_DAYS = 90
MAX_ORDER_IDS = 50
MAX_LIMIT = 200
_DATES = {"creationdate": "creationDate", "lastmodifieddate": "lastModifiedDate"}
_STATUSES = ({"NOT_STARTED", "IN_PROGRESS"}, {"FULFILLED", "IN_PROGRESS"})


@dataclass(frozen=True)
class Query:
    """Orders whose ``by`` lies in [start, end], of these statuses (none: of all)."""

    by: str
    start: str
    end: str
    statuses: frozenset[str]
    limit: int
    offset: int
    order_ids: tuple[str, ...]
    filter: str

    def address(self, base_url: str, offset: int) -> str:
        """The page at an offset. Field groups are left out, as eBay leaves them out."""
        filter_part = f"filter={quote(self.filter, safe=':,.-')}&" if self.filter else ""
        return f"{base_url}/sell/fulfillment/v1/order?{filter_part}limit={self.limit}&offset={offset}"


def understood(arguments: Mapping[str, str], now: datetime) -> Query:
    """The query of a request's arguments. Refusal 30700..31100 otherwise."""
    earliest = _years_before(now)
    ids = tuple(filter(None, arguments.get("orderIds", "").split(",")))
    if len(ids) > MAX_ORDER_IDS:
        raise Refusal(30900)
    if ids:
        return Query("creationDate", earliest, stamp(now), frozenset(), MAX_ORDER_IDS, 0, ids, "")
    limit, offset = _number(arguments, "limit", 50), _number(arguments, "offset", 0)
    if not 1 <= limit <= MAX_LIMIT:
        raise Refusal(31100, limit=arguments["limit"])
    if offset < 0:
        raise Refusal(31000, offset=arguments["offset"])
    criteria = _criteria(arguments.get("filter", ""))
    statuses = _statuses(criteria.get("orderfulfillmentstatus", ""))
    by = "creationdate" if "creationdate" in criteria or "lastmodifieddate" not in criteria else "lastmodifieddate"
    start, end = stamp(now - timedelta(days=DEFAULT_DAYS)), stamp(now)
    for name in _DATES:
        if name in criteria:
            given = _range(name, criteria[name], now)
            if name == by:
                start, end = given
    return Query(_DATES[by], max(start, earliest), end, statuses, limit, offset, (), arguments.get("filter", ""))


def _criteria(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for criterion in filter(None, text.split(",")):
        name, _, given = criterion.partition(":")
        if name not in (*_DATES, "orderfulfillmentstatus"):
            raise Refusal(30700, filterName=name)
        found[name] = given
    return found


def _statuses(text: str) -> frozenset[str]:
    if not text:
        return frozenset()
    inside = re.fullmatch(r"\{(.*)\}", text)
    wanted = set(inside[1].split("|")) if inside else set()
    if wanted not in _STATUSES:
        raise Refusal(30800, filterValue=text, filterName="orderfulfillmentstatus")
    return frozenset(wanted)


def _range(name: str, text: str, now: datetime) -> tuple[str, str]:
    inside = re.fullmatch(r"\[(.*?)(?:\.\.(.*))?\]", text)
    if inside is None:
        raise Refusal(30800, filterValue=text, filterName=name)
    if not inside[1]:
        raise Refusal(30820)
    try:
        start = moment(inside[1])
        end = moment(inside[2]) if inside[2] else now
    except ValueError as error:
        raise Refusal(30810) from error
    if start > now or end > now:
        raise Refusal(30850)
    if start > end:
        raise Refusal(30840)
    if stamp(start) < _years_before(end):
        raise Refusal(30830, allowedTime=MAX_YEARS)
    return stamp(start), stamp(end)


def _years_before(when: datetime) -> str:
    return stamp(when - timedelta(days=365 * MAX_YEARS + 1))


def _number(arguments: Mapping[str, str], name: str, default: int) -> int:
    text = arguments.get(name, str(default))
    return int(text) if text.isdigit() else -1
