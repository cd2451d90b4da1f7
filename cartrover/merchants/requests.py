from django.http import HttpRequest

from cartrover.merchants.models import Member, Merchant, User


class AuthenticatedRequest(HttpRequest):
    """What a view behind ``login_required`` is given."""

    user: User


class MerchantRequest(AuthenticatedRequest):
    """What a view below ``/m/<merchant>/`` is given: MerchantMiddleware has found out who asks, and for which merchant."""

    member: Member
    merchant: Merchant
