"""The page of the API: every operation, found by a word or by its subject."""

from __future__ import annotations

from collections import Counter

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ..accounts.roles import NEEDED, SCOPES, Action, Role
from ..cli.calls import commands_for
from ..kernel import settings as conf
from ..kernel.errors import NotFound
from ..web.markdown import to_html
from ..web.middleware import actor_of
from .document import SUBJECTS, view_of
from .needs import actions_of
from .operations import Operation, fitting, operations
from .root import api


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
        "commands": [*commands_for(found.method, found.path), found.command()],
    }
    return render(request, "api/operation.html", context)


def _needs(found: Operation) -> tuple[str, str]:
    """Who may carry it out, and for what a token has to be good."""
    if found.needs_no_token:
        return "An agent, with its runner's key.", ""
    actions = actions_of(view_of(api, found.name))
    changes = found.method != "GET" and bool(actions)
    scope = next(
        scope
        for scope, good_for in SCOPES.items()
        if (not actions or actions & good_for) and (not changes or good_for > {Action.SEE})
    )
    least, *_, most = sorted(NEEDED[action] for action in (actions or {Action.SEE}) for _ in range(2))
    if most == Role.VIEWER:
        return (
            "Anybody who is signed in, for what they may see."
            if changes
            else "Anybody who is signed in; it shows what they may see.",
            scope,
        )
    if least == most:
        return f"{_a(most)}{' of the team whose it is' if most < Role.ADMINISTRATOR else ''}.", scope
    return f"{_a(least)} at least; depending on whose it is and on your part in it, {_a(most).lower()}.", scope


def _a(role: Role) -> str:
    return f"An {role.word}" if role.word[0] in "aeiou" else f"A {role.word}"
