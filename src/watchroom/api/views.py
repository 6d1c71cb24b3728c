"""The page of the API: every operation, found by a word or by its subject."""

from __future__ import annotations

from collections import Counter

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ..accounts.roles import Action
from ..kernel import settings as conf
from ..kernel.errors import NotFound
from ..web.markdown import to_html
from ..web.middleware import actor_of
from .document import SUBJECTS
from .needs import needs
from .operations import Operation, fitting, operations


def index(request: HttpRequest) -> HttpResponse:
    """``/help/api``: how it is called, the subjects, and the operations of one of them or those with certain words."""
    actor_of(request).require(Action.SEE)
    words, subject = request.GET.get("q", "")[:200].strip(), request.GET.get("subject", "")
    rows = fitting(words) if words or subject else []
    count = Counter(each.subject for each in operations().values())
    context = {
        "words": words,
        "subject": subject,
        "about": SUBJECTS.get(subject, ""),
        "rows": [each for each in rows if not subject or each.subject == subject],
        "subjects": [(name, text, count[name]) for name, text in SUBJECTS.items()],
        "total": len(operations()),
        "example": operations()["get_me"].curl(conf.current().url),
        "home": conf.current().url,
    }
    return render(request, "api/index.html", context)


def operation(request: HttpRequest, name: str) -> HttpResponse:
    """``/help/api/NAME``: what one operation takes, gives and needs."""
    actor_of(request).require(Action.SEE)
    found = operations().get(name)
    if found is None:
        raise NotFound(f"There is no operation {name[:100]!r}.", field="operation", value=name, fix="See /help/api.")
    context = {
        "operation": found,
        "text": to_html(found.text),
        "needs": _needs(found),
        "curl": found.curl(conf.current().url),
    }
    return render(request, "api/operation.html", context)


def _needs(found: Operation) -> tuple[str, str]:
    """Who may carry it out, and for what a token has to be good."""
    if found.needs_no_token:
        return "An agent, with its runner's key.", ""
    return needs(found.method, found.path.removeprefix("/api/v1/"))
