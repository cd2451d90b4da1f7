"""What eBay answers when it refuses: one row an error, as its specifications and captured bodies have them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response

from .answers import as_json


@dataclass(frozen=True)
class Row:
    status: int
    domain: str
    category: str
    message: str
    long_message: str = ""


_ORDER = "API_FULFILLMENT"
_INVENTORY = "API_INVENTORY"
_NOTIFICATION = "API_NOTIFICATION"

TABLE = {
    1001: Row(
        401,
        "OAuth",
        "REQUEST",
        "Invalid access token",
        "Invalid access token. Check the value of the Authorization HTTP request header.",
    ),
    1002: Row(
        401,
        "OAuth",
        "REQUEST",
        "Missing access token",
        "Access token is missing in the Authorization HTTP request header.",
    ),
    1100: Row(403, "ACCESS", "REQUEST", "Access denied", "Insufficient permissions to fulfill the request."),
    2001: Row(429, "ACCESS", "REQUEST", "Too many requests.", "The request limit has been reached for the resource."),
    25001: Row(500, _INVENTORY, "APPLICATION", "A system error has occurred. {detail}"),
    25002: Row(400, _INVENTORY, "REQUEST", "Any User error. {detail}"),
    25702: Row(404, _INVENTORY, "REQUEST", "{detail} could not be found or is not available in the system."),
    25706: Row(400, _INVENTORY, "REQUEST", "You have provided invalid pagination values. {detail}."),
    25708: Row(400, _INVENTORY, "REQUEST", "Invalid SKU."),
    25709: Row(400, _INVENTORY, "REQUEST", "Invalid value for {detail}."),
    25713: Row(404, _INVENTORY, "REQUEST", "This Offer is not available : {detail}."),
    25727: Row(400, _INVENTORY, "REQUEST", "The number of InventoryItems in the request cannot exceed {detail}."),
    25734: Row(400, _INVENTORY, "REQUEST", "SKU should be unique in the request."),
    25805: Row(404, _INVENTORY, "REQUEST", "{detail} Not Found."),
    30500: Row(500, _ORDER, "APPLICATION", "System error."),
    30700: Row(400, _ORDER, "REQUEST", "Invalid filter name: '{filterName}'"),
    30800: Row(400, _ORDER, "REQUEST", "Invalid filter value '{filterValue}' for filter '{filterName}'"),
    30810: Row(400, _ORDER, "REQUEST", "Invalid date format"),
    30820: Row(400, _ORDER, "REQUEST", "Start date is missing"),
    30830: Row(400, _ORDER, "REQUEST", "Time range between start date and end date must be within '{allowedTime}' years."),
    30840: Row(400, _ORDER, "REQUEST", "Start date should be before end date"),
    30850: Row(400, _ORDER, "REQUEST", "Start and end dates can't be in the future"),
    30900: Row(400, _ORDER, "REQUEST", "Exceeded maximum number of order IDs (the current limit is 50)"),
    31000: Row(400, _ORDER, "REQUEST", "Invalid offset: {offset}"),
    31100: Row(400, _ORDER, "REQUEST", "Invalid limit: {limit}"),
    32100: Row(400, _ORDER, "REQUEST", "Invalid order ID: {orderId}"),
    32110: Row(404, _ORDER, "REQUEST", "Invalid shipping fulfillment ID: {fulfillmentId}"),
    32200: Row(400, _ORDER, "REQUEST", "Invalid line item id: {lineItemId}"),
    32210: Row(400, _ORDER, "REQUEST", "Duplicate line item in the request"),
    32300: Row(400, _ORDER, "REQUEST", "Invalid shipment tracking number or carrier"),
    32400: Row(400, _ORDER, "REQUEST", "Requested user is suspended"),
    32500: Row(400, _ORDER, "REQUEST", "Invalid shipped date"),
    32600: Row(400, _ORDER, "REQUEST", "Invalid input data"),
    32800: Row(400, _ORDER, "REQUEST", "Invalid field group: {fieldGroup}"),
    34100: Row(400, _ORDER, "REQUEST", "Maximum tracking number for order is exceeded"),
    34300: Row(400, _ORDER, "REQUEST", "Mark As Shipped for multiple Global Shipping Program line items is not supported"),
    34500: Row(400, _ORDER, "REQUEST", "Please use PUT operation for updating shipping fulfillment"),
    195001: Row(404, _NOTIFICATION, "REQUEST", "The specified key id is invalid."),
    195002: Row(404, _NOTIFICATION, "REQUEST", "Invalid or missing topic id."),
    195003: Row(409, _NOTIFICATION, "REQUEST", "Please provide configurations required for notifications. Refer to /config"),
    195006: Row(400, _NOTIFICATION, "REQUEST", "Invalid or missing subscription status."),
    195007: Row(400, _NOTIFICATION, "REQUEST", "Invalid or missing destination id."),
    195008: Row(
        400,
        _NOTIFICATION,
        "REQUEST",
        "Invalid or missing schema version. Please refer to /topic/{topic_id} for supported schema versions.",
    ),
    195009: Row(400, _NOTIFICATION, "REQUEST", "Specified format is not supported for the topic."),
    195010: Row(400, _NOTIFICATION, "REQUEST", "Invalid or missing protocol"),
    195011: Row(403, _NOTIFICATION, "REQUEST", "Not authorized for this topic."),
    195012: Row(409, _NOTIFICATION, "REQUEST", "Subscription already exists"),
    195013: Row(404, _NOTIFICATION, "REQUEST", "The subscription id does not exist."),
    195015: Row(409, _NOTIFICATION, "REQUEST", "The subscription cannot be enabled since the destination is not enabled."),
    195016: Row(400, _NOTIFICATION, "REQUEST", "Invalid name. Markups or lengths greater than 64 not supported"),
    195017: Row(400, _NOTIFICATION, "REQUEST", "Invalid or missing endpoint."),
    195018: Row(
        400,
        _NOTIFICATION,
        "REQUEST",
        "Invalid or missing destination status. Supported values:[ENABLED,DISABLED]",
    ),
    195019: Row(400, _NOTIFICATION, "REQUEST", "Invalid or missing verification token for this endpoint."),
    195020: Row(409, _NOTIFICATION, "REQUEST", "Challenge verification failed for requested endpoint"),
    195021: Row(409, _NOTIFICATION, "REQUEST", "Destination exists for this endpoint"),
    195022: Row(404, _NOTIFICATION, "REQUEST", "Invalid or missing destination id."),
    195024: Row(409, _NOTIFICATION, "REQUEST", "Destination is in use and cannot be deleted."),
    195025: Row(400, _NOTIFICATION, "REQUEST", "Invalid or missing email."),
    195027: Row(400, _NOTIFICATION, "REQUEST", "Invalid or missing topic id."),
    195026: Row(404, _NOTIFICATION, "REQUEST", "Configuration Not Found."),
}


class Refusal(Exception):
    """An error of the table. ``parameters`` fill its message and are sent along, as eBay does."""

    def __init__(self, error_id: int, status: int | None = None, **parameters: object) -> None:
        super().__init__(error_id)
        row = TABLE[error_id]
        self.status = status or row.status
        words = {"topic_id": "{topic_id}", **parameters}
        self.error: dict[str, Any] = {
            "errorId": error_id,
            "domain": row.domain,
            "category": row.category,
            "message": row.message.format_map(words),
        }
        if row.long_message:
            self.error["longMessage"] = row.long_message
        if parameters:
            self.error["parameters"] = [{"name": name, "value": str(value)} for name, value in parameters.items()]


def refused(refusal: Refusal) -> Response:
    return as_json({"errors": [refusal.error]}, refusal.status)
