"""What happens to an order after it was placed, other than being shipped."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from integrations.simulation import Document

from .formats import amount, value

NOT_CANCELLED: Document = {"cancelState": "NONE_REQUESTED", "cancelRequests": []}


def pay(order: Document, now: str) -> None:
    order["orderPaymentStatus"] = "PAID"
    for payment in order["paymentSummary"]["payments"]:
        payment |= {"paymentDate": now, "paymentStatus": "PAID"}


def ask_to_cancel(order: Document, request_id: str, now: str) -> None:
    """The buyer asks; the seller has yet to answer."""
    order["cancelStatus"] = {
        "cancelState": "IN_PROGRESS",
        "cancelRequests": [_request("REQUESTED", "BUYER", request_id, now)],
    }


def reject_cancel(order: Document, request_id: str, now: str) -> None:
    requests = order["cancelStatus"]["cancelRequests"] or [_request("REQUESTED", "BUYER", request_id, now)]
    rejected = [{**request, "cancelRequestState": "REJECTED"} for request in requests]
    order["cancelStatus"] = {"cancelState": "NONE_REQUESTED", "cancelRequests": rejected}


def cancel(order: Document, request_id: str, now: str) -> None:
    asked = order["cancelStatus"]["cancelRequests"] or [_request("REQUESTED", "SELLER", request_id, now)]
    order["cancelStatus"] = {
        "cancelState": "CANCELED",
        "cancelledDate": now,
        "cancelRequests": [{**request, "cancelRequestState": "COMPLETED"} for request in asked],
    }
    refund(order, None, now)


def refund(order: Document, wanted: Any, now: str) -> None:
    """Give back an amount, by default all. It moves neither cancelState nor the fulfilment status."""
    total = value(order["pricingSummary"]["total"])
    given = total if wanted is None else Decimal(str(wanted))
    refunds: list[Document] = order["paymentSummary"]["refunds"]
    refunds.append(
        {
            "refundDate": now,
            "amount": amount(given, order["pricingSummary"]["total"]["currency"]),
            "refundStatus": "REFUNDED",
            "refundId": f"53{len(refunds) + 1:08d}",
        }
    )
    back = sum((value(each["amount"]) for each in refunds), Decimal(0))
    order["orderPaymentStatus"] = "FULLY_REFUNDED" if back >= total else "PARTIALLY_REFUNDED"


def _request(state: str, initiator: str, request_id: str, now: str) -> Document:
    return {
        "cancelReason": "BUYER_ASKED_CANCEL",
        "cancelRequestedDate": now,
        "cancelInitiator": initiator,
        "cancelRequestId": request_id,
        "cancelRequestState": state,
    }
