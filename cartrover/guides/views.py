"""The help centre: public, so that an account's owner can read it without a log-in."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cartrover.guides import page, paper
from cartrover.guides.reading import Guide, NoGuide, all_guides, guide_of


@require_safe
def guides(request: HttpRequest) -> HttpResponse:
    return render(request, "guides/list.html", {"guides": all_guides()})


@require_safe
def guide(request: HttpRequest, slug: str) -> HttpResponse:
    found = _found(slug)
    return render(request, "guides/guide.html", {"guide": found, "body": page.body(found), "others": all_guides()})


@require_safe
def pdf(request: HttpRequest, slug: str) -> HttpResponse:
    found = _found(slug)
    headers = {"Content-Disposition": f'inline; filename="CartRover guide - {found.name}.pdf"'}
    return HttpResponse(paper.pdf(found), content_type="application/pdf", headers=headers)


def _found(slug: str) -> Guide:
    try:
        return guide_of(slug)
    except NoGuide:
        raise Http404("No such guide.") from None
