"""The ways in which the API refuses a request."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A refusal. ``body`` None: the words are not known, so ``settings["error_bodies"]`` has them."""

    def __init__(self, status: int, body: dict[str, Any] | None = None) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body


def bad_request(message: str) -> ApiError:
    return ApiError(400, {"type": "Bad Request", "message": message})


def missing_parameter(name: str) -> ApiError:
    return bad_request(f"Required parameter missing: {name}")


def not_found(singular: str, key: object) -> ApiError:
    return ApiError(404, {"type": "Not Found", "message": f"Couldn't find {singular} with id {key}"})


def invalid(**errors: str) -> ApiError:
    """422 with one text a field; a dot in a field's name is written as two underscores."""
    return ApiError(422, {"errors": {name.replace("__", "."): [text] for name, text in errors.items()}})


def duplicate_key(status: int, key: str) -> ApiError:
    kind = "Conflict" if status == 409 else "Bad Request"
    return ApiError(status, {"type": kind, "message": f"Duplicate Idempotency-Key: {key}"})
