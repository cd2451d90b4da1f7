"""The operator's admin: who may enter, and how its pages stay quick at a million rows and safe to press on."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib import messages
from django.contrib.admin import helpers
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import BinaryField, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import url_has_allowed_host_and_scheme
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

from cartrover.mail.outage import sign_in_mail_waits_since
from cartrover.merchants import audit

# What the admin's theme needs beyond the portal's own policy; docs/adr/0006-admin-csp.md says why.
THEME_NEEDS = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}


class OperatorSite(UnfoldAdminSite):
    """Entered through the portal's own log-in, which is throttled, and with a second factor only."""

    site_title = site_header = "CartRover operator"
    index_title = "Everything, of every merchant"
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(super().has_permission(request)) and is_mfa_enabled(request.user)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Where whoever may not enter goes: to log in, to set up the second factor, or nowhere."""
        wanted = request.GET.get(REDIRECT_FIELD_NAME, "")
        if not url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
            wanted = reverse("admin:index")
        if not request.user.is_authenticated:
            return redirect_to_login(wanted)
        if not (request.user.is_active and request.user.is_staff):
            raise PermissionDenied("This part is for the operators of CartRover.")
        if not is_mfa_enabled(request.user):
            messages.warning(request, "Operators need a second factor. Set yours up, then you can enter the admin.")
            return redirect("mfa_activate_totp")
        return redirect(wanted)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Says what no merchant's Problem can say."""
        since = sign_in_mail_waits_since()
        if since is not None:
            messages.warning(
                request,
                f"Sign-in mail has waited since {since:%d %B, %H:%M} UTC: the mail server takes none. It goes out by itself as "
                "soon as the server is back; until then nobody can sign up, reset a password or log in by an e-mailed code.",
            )
        answer: TemplateResponse = super().index(request, extra_context)
        return answer

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        bound: Callable[..., Any] = csp_update(THEME_NEEDS)(super().admin_view(view, cacheable))
        return bound


class Estimated(Paginator):
    """Counts no rows: the whole table is as long as PostgreSQL estimates, and what a filter leaves is counted up to a bound."""

    MOST = 10_000

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        if not rows.query.where:
            with connection.cursor() as cursor:
                cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [rows.model._meta.db_table])
                estimate = int(cursor.fetchone()[0])
            if estimate > self.MOST:
                return estimate
        return int(rows.order_by()[: self.MOST + 1].count())


class OperatorAdmin(ModelAdmin):
    """Rows to look at. An admin that lets an operator change something says so itself; nothing is added or deleted here.

    Of what grows with the orders ``search_fields`` are ``__exact`` and indexed; Django's ``=`` compares in upper case, for which
    every row would be read.
    """

    paginator = Estimated
    show_full_result_count = False
    list_select_related: bool | tuple[str, ...] = True
    list_per_page = 50
    ordering = ("-pk",)
    sortable_by: tuple[str, ...] = ()
    list_fullwidth = True
    compressed_fields = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Lists link to each other by these."""
        links = {f"{name}__id__exact" for name in ("merchant", "connection", "order", "cart", "user")}
        return lookup in links or bool(super().lookup_allowed(lookup, value, request))


class ChangeableAdmin(OperatorAdmin):
    """Rows of which an operator may change ``changeable`` fields. The merchant's audit keeps who changed what."""

    changeable: tuple[str, ...] = ()

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(ModelAdmin.has_change_permission(self, request, obj))

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        hidden = {*self.changeable, *(self.exclude or ())}
        fields = [field.name for field in self.model._meta.fields if field.name not in hidden]
        return [*fields, *super().get_readonly_fields(request, obj)]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if audit.has_merchant(obj):
            after = {name: getattr(obj, name) for name in form.changed_data}
            before = {name: form.initial[name] for name in form.changed_data}
            audit.record(request, "changed as the operator", obj, before, after)


Told = Mapping[int, audit.Values]
Action = Callable[[Any, HttpRequest, QuerySet[Any]], Told | None]


def asks_first(question: str) -> Callable[[Action], Callable[..., HttpResponse | None]]:
    """An action on chosen rows that names them, asks before it acts, and leaves a line in the merchant's audit for each it did.

    The line holds what the action changed of the row, and what the action tells of it by the row's id. A row that it neither
    changed nor tells of was passed over.
    """

    def mark(act: Action) -> Callable[..., HttpResponse | None]:
        @functools.wraps(act)
        def asked(self: OperatorAdmin, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
            if request.POST.get("sure") == "yes":
                before = {row.pk: _columns(self, row) for row in queryset if audit.has_merchant(row)}
                told = act(self, request, queryset) or {}
                for row in self.model._default_manager.filter(pk__in=before):
                    after = {name: getattr(row, name) for name in before[row.pk]}
                    if row.pk in told or after != before[row.pk]:
                        after |= told.get(row.pk, {})
                        audit.record(request, f"as the operator: {_words(act)}", row, before[row.pk], after)
                return None
            context = {
                **self.admin_site.each_context(request),
                "title": question,
                "opts": self.model._meta,
                "rows": list(queryset[:100]),
                "action": act.__name__,
                "words": _words(act),
                "checkbox": helpers.ACTION_CHECKBOX_NAME,
            }
            return TemplateResponse(request, "admin/ask_first.html", context)

        return asked

    return mark


def _words(act: Action) -> str:
    return act.__name__.replace("_", " ")


def _columns(its_admin: OperatorAdmin, row: Model) -> dict[str, Any]:
    """What the audit compares: nothing that the admin does not show or its lists do not load, and no bytes."""
    hidden = {*(its_admin.exclude or ()), *row.get_deferred_fields()}
    fields = [field for field in row._meta.concrete_fields if not isinstance(field, BinaryField)]
    return {field.attname: getattr(row, field.attname) for field in fields if not hidden & {field.name, field.attname}}
