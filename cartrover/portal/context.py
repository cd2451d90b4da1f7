from typing import Any

from django.conf import settings
from django.http import HttpRequest


def portal(request: HttpRequest) -> dict[str, Any]:
    """What every page's shell needs."""
    return {
        "merchant": getattr(request, "merchant", None),
        "member": getattr(request, "member", None),
        "demo": settings.DEMO,
    }
