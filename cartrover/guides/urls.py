"""Addresses of the help centre, below ``/guides/``."""

from django.urls import path

from cartrover.guides import views

urlpatterns = [
    path("", views.guides, name="guides"),
    path("<slug:slug>/", views.guide, name="guide"),
    path("<slug:slug>/cartrover-guide.pdf", views.pdf, name="guide_pdf"),
]
