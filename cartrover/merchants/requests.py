from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from cartrover.merchants.looking import Look
from cartrover.merchants.models import Member, Merchant, User


class AnyRequest(HttpRequest):
    """What every view is given: HtmxMiddleware says whether a page or a part of one is asked for."""

    htmx: HtmxDetails


class AuthenticatedRequest(AnyRequest):
    """What a view behind ``login_required`` is given."""

    user: User


class MerchantRequest(AuthenticatedRequest):
    """What a view below ``/m/<merchant>/`` is given: MerchantMiddleware has found out who asks, and for which merchant.

    ``look`` is that of an operator who views the portal as the merchant; a member has none.
    """

    member: Member
    merchant: Merchant
    look: Look | None
