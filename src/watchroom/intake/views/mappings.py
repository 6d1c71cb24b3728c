"""The page on which a mapping is written: beside it, what the last real payloads become, at every change."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.actors import Actor
from ...accounts.roles import Action
from ...kernel.errors import Conflict, NotFound, Refused
from ...kernel.plugins import all_of
from ...sources import mapping as mappings
from ...web.middleware import actor_of
from .. import commands
from ..models import Integration
from ..queries import last_payloads
from .integrations import integration_for

_PAYLOADS = 5
_EXAMPLE = """\
# What has {{ or {% in it is a text (Jinja2), what begins with $ a path (JSONPath), anything else an expression (CEL).
# payload is what came; item is one of the items, if there are several in a payload.
key: payload.id
title: "{{ payload.name }} on {{ payload.host }}"
state: payload.status
severity: payload.level
labels:
  host: payload.host
"""


def _managed(actor: Actor, slug: str) -> Integration:
    integration = integration_for(actor, slug)
    actor.require(Action.MANAGE, integration.team)
    if not getattr(all_of("watchroom.sources").get(integration.source), "mapped", False):
        raise NotFound("This kind of sender has no mapping.", field="source", value=integration.source)
    return integration


def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Write a mapping and save it, or make a test of a payload."""
    actor = actor_of(request)
    integration = _managed(actor, slug)
    kept = mappings.in_words((integration.settings or {}).get("mapping"))
    text, error = request.POST.get("mapping", ""), None
    if request.method == "POST":
        try:
            if keep := request.POST.get("keep"):
                text = _with_test(text, integration, keep)
            else:
                commands.save_mapping(actor, integration, text)
                messages.success(request, "Saved; its tests hold." if text.strip() else "The mapping is gone.")
                return redirect("integration", integration.slug)
        except (Refused, Conflict) as refused:
            error = refused
    else:
        text = kept or _EXAMPLE
    context = {
        "integration": integration,
        "text": text,
        "error": error,
        "kept": bool(kept),
        # Our example says nothing of payloads that it was not written for.
        **_tried(text if kept or request.method == "POST" else "", integration),
    }
    return render(request, "intake/mapping.html", context, status=422 if error else 200)


@require_POST
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    """What the last payloads become by what stands in the box now."""
    integration = _managed(actor_of(request), slug)
    context = {"integration": integration, **_tried(request.POST.get("mapping", ""), integration)}
    return render(request, "intake/mapping_preview.html", context)


def _tried(text: str, integration: Integration) -> dict[str, Any]:
    payloads = last_payloads(integration, _PAYLOADS)
    try:
        said = mappings.checked(text)
    except Refused as refused:
        return {"wrong": refused, "tests": [], "tried": [_shown(each, None) for each in payloads]}
    tests = mappings.run_tests(said) if said else []
    tried = [
        _shown(
            each, mappings.try_on(said, each.content, each.signal.received_at) if said and not each.problem else None
        )
        for each in payloads
    ]
    return {"wrong": None, "tests": tests, "tried": tried}


def _shown(each: Any, outcome: mappings.Outcome | None) -> dict[str, Any]:
    return {
        "signal": each.signal,
        "problem": each.problem,
        "payload": json.dumps(each.content, indent=2, ensure_ascii=False)[:20_000],
        "outcome": outcome,
    }


def _with_test(text: str, integration: Integration, keep: str) -> str:
    """The mapping with one more test: a payload that came, and what it becomes now.

    :raises Refused: the mapping can't be carried out on it.
    """
    said = mappings.checked(text)
    found = next((each for each in last_payloads(integration, _PAYLOADS) if str(each.signal.pk) == keep), None)
    if not said or found is None or found.problem:
        raise Refused(
            "That payload can't become a test.", field="keep", value=keep, fix="Choose one of the last payloads."
        )
    outcome = mappings.try_on(said, found.content)
    if outcome.problems:
        raise Refused(
            "That payload can't become a test.", field=outcome.problems[0].field, value="", fix=outcome.problems[0].fix
        )
    test = {"name": f"Signal {found.signal.number}", "payload": found.content, "expect": list(outcome.alerts)}
    return mappings.in_words(mappings.checked({**said, "tests": [*said.get("tests", []), test]}))
