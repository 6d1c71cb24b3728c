"""On to an identity provider, from a form of ours."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def leave_for(request: HttpRequest, url: str, name: str) -> HttpResponse:
    """A page that goes on to ``url`` of the provider ``name`` by itself, without a script.

    No redirect: some browsers hold whatever a form leads to, also what a provider redirects to in its turn, against our
    Content-Security-Policy, and nobody can know those addresses beforehand.
    """
    answer = render(request, "account/leaving.html", {"to": url, "name": name})
    answer["Cache-Control"] = "no-store"
    return answer
