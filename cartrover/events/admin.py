from __future__ import annotations

from django.contrib import admin

from cartrover.events.models import Event, Problem
from cartrover.portal.operators import OperatorAdmin


@admin.register(Event)
class EventAdmin(OperatorAdmin):
    list_display = ("at", "merchant", "about", "about_id", "kind", "words", "actor")


@admin.register(Problem)
class ProblemAdmin(OperatorAdmin):
    list_display = ("words", "merchant", "kind", "subject", "whose", "opened_at", "closed_at")
    list_filter = ("whose", ("closed_at", admin.EmptyFieldListFilter))
