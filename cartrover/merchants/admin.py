from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.db.models import Field
from django.forms import ChoiceField
from django.forms import Field as FormField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget

from cartrover.merchants import looking
from cartrover.merchants.forms import MemberAdminForm, ReasonForm
from cartrover.merchants.models import Change, Invitation, Member, Merchant, SignIn, User
from cartrover.portal.forms import zones
from cartrover.portal.operators import ChangeableAdmin, OperatorAdmin

# Their own admins show what must not be seen (a second factor's secret, a session's key), or what nobody uses here.
for model in (EmailAddress, Authenticator, UserSession, Group):
    admin.site.unregister(model)

_LISTS = (
    ("merchants_member", "Members"),
    ("merchants_change", "Audit"),
    ("connections_connection", "Connections"),
    ("connections_cart", "Carts"),
    ("connections_warehouse", "Warehouses"),
    ("orders_order", "Orders"),
    ("events_problem", "Problems"),
    ("sync_stream", "Streams"),
    ("sync_effect", "Effects"),
    ("sync_call", "Request trail"),
)


@admin.register(Merchant)
class MerchantAdmin(ChangeableAdmin):
    list_display = ("name", "public_id", "time_zone", "created_at")
    search_fields = ("name", "=public_id")
    readonly_fields = ("what_it_has",)
    changeable = ("name", "time_zone")
    actions_detail = ("look",)

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> FormField | None:
        """A time zone is chosen: one that is none would break every page of the merchant."""
        if db_field.name == "time_zone":
            return ChoiceField(choices=zones, widget=UnfoldAdminSelectWidget())
        field: FormField | None = super().formfield_for_dbfield(db_field, request, **kwargs)
        return field

    @action(description="View as this merchant", url_path="look", permissions=["look"])
    def look(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Asks for the reason, then leads to the merchant's portal, read-only."""
        merchant = get_object_or_404(Merchant, pk=object_id)
        form = ReasonForm(request.POST or None)
        if form.is_valid():
            reason = form.cleaned_data["reason"]
            looking.begin(request, merchant, reason)
            self.log_change(request, merchant, f"Viewed the portal as the merchant: {reason}")
            return redirect("dashboard", merchant.public_id)
        context = {
            **self.admin_site.each_context(request),
            "title": f"View the portal of {merchant}",
            "opts": self.model._meta,
            "merchant": merchant,
            "minutes": looking.LASTS.seconds // 60,
            "form": form,
        }
        return TemplateResponse(request, "admin/look.html", context)

    def has_look_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """By a method: a permission that is named itself is looked up before the tables are made."""
        return bool(request.user.has_perm(looking.PERMISSION))

    @admin.display(description="What it has")
    def what_it_has(self, merchant: Merchant) -> SafeString:
        link = '<a class="text-primary-600 dark:text-primary-500" href="{}?merchant__id__exact={}">{}</a>'
        lists = ((reverse(f"admin:{name}_changelist"), merchant.pk, words) for name, words in _LISTS)
        return format_html_join(" · ", link, lists)


@admin.register(User)
class UserAdmin(ChangeableAdmin):
    list_display = ("email", "is_active", "is_staff", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("=email",)
    exclude = ("password", "groups", "user_permissions")
    changeable = ("is_active",)


@admin.register(Member)
class MemberAdmin(ChangeableAdmin):
    list_display = ("user", "merchant", "role", "created_at")
    list_filter = ("role",)
    search_fields = ("=user__email",)
    changeable = ("role",)
    form = MemberAdminForm


@admin.register(Invitation)
class InvitationAdmin(OperatorAdmin):
    list_display = ("email", "merchant", "role", "invited_by", "ends_at", "accepted_at", "revoked_at")
    search_fields = ("=email",)
    exclude = ("token_hash",)


@admin.register(Change)
class ChangeAdmin(OperatorAdmin):
    list_display = ("at", "merchant", "actor", "what", "name", "ip")


@admin.register(SignIn)
class SignInAdmin(OperatorAdmin):
    list_display = ("at", "user", "words", "ip")
    list_filter = ("good",)


@admin.register(EmailAddress)
class EmailAddressAdmin(OperatorAdmin):
    list_display = ("email", "user", "primary", "verified")
    list_filter = ("verified",)
    search_fields = ("=email",)


@admin.register(Authenticator)
class AuthenticatorAdmin(OperatorAdmin):
    list_display = ("user", "type", "created_at", "last_used_at")
    search_fields = ("=user__email",)
    exclude = ("data",)


@admin.register(LogEntry)
class LogEntryAdmin(OperatorAdmin):
    list_display = ("action_time", "user", "content_type", "object_repr", "change_message")
