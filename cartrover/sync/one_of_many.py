"""One record of a run. What goes wrong with it keeps no other waiting."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import InterfaceError, OperationalError

from cartrover.events.models import Problem
from cartrover.sync.effects import HeldForPerson
from cartrover.sync.work import LeaseLost, Work, our_fault
from integrations.outcomes import NeedsMerchant, Outcome, Rejected, RetryLater

log = logging.getLogger(__name__)

Later = Callable[[RetryLater, str], None]
Stop = Callable[[Outcome], None]


@contextmanager
def one_of_many(work: Work, order_id: int, *, later: Later, stop: Stop) -> Iterator[None]:
    """Do something for one order, to which its calls belong.

    Args:
        later: writes down what passes by itself, and whose move it is meanwhile; nobody's where that is empty.
        stop: writes down what a person has to see to.

    Raises what concerns more than this one: a connection, a provider, our own registration, the lease, the database.
    """
    work.wire.about(order_id)
    try:
        yield
    except RetryLater as outcome:
        if outcome.scope != "record":
            raise
        later(outcome, "")
    except NeedsMerchant as outcome:
        if outcome.scope == "connection":
            raise
        stop(outcome)
    except (Rejected, HeldForPerson) as outcome:
        stop(outcome)
    except (Outcome, LeaseLost, OperationalError, InterfaceError):
        raise
    except Exception as error:  # our own fault with this one; the next one goes on
        log.exception("what was due of order %s failed", order_id)
        later(our_fault(error), Problem.Whose.OPERATOR)
    finally:
        work.wire.about(None)
