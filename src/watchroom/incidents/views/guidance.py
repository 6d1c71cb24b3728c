"""What the guards watch for in this installation, and after how many minutes."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from ...accounts.roles import Action
from ...kernel.errors import Refused
from ...kernel.numbers import whole
from ...web.middleware import actor_of
from .. import commands, queries
from ..severities import all_severities

SEVERITIES = range(1, 6)


def guidance(request: HttpRequest) -> HttpResponse:
    """All rules; administrators switch them and set their thresholds."""
    by = actor_of(request)
    rules = queries.rules_watching(by)
    error: Refused | None = None
    if request.method == "POST":
        try:
            with transaction.atomic():
                for rule in rules:
                    enabled = bool(request.POST.get(f"on-{rule.name}"))
                    after = _thresholds(request, rule.name)
                    if (enabled, after) == (rule.enabled, dict(rule.after_minutes)):
                        continue
                    if enabled and after == dict(rule.as_shipped):
                        commands.reset_guidance(by, rule.name)
                    else:
                        commands.set_guidance(by, rule.name, enabled=enabled, after_minutes=after)
        except Refused as refused:
            error = refused
        else:
            messages.success(request, "Saved. It counts from the next look on, within a minute.")
            return redirect("guidance")
    written: dict[str, Any] = {}
    for rule in rules:
        sent = request.POST if error else None
        written[rule.name] = [
            {
                "severity": each,
                "value": sent.get(f"after-{rule.name}-{each}", "") if sent else rule.after_minutes.get(each, ""),
                "shipped": rule.as_shipped.get(each),
            }
            for each in SEVERITIES
        ]
    context = {
        "rows": [(rule, written[rule.name]) for rule in rules],
        "severities": SEVERITIES,
        "titles": [each.title for each in all_severities().values()],
        "may_edit": by.may(Action.ADMINISTER),
        "error": error,
    }
    return render(request, "incidents/guidance.html", context, status=error.status if error else 200)


def _thresholds(request: HttpRequest, rule: str) -> dict[int, int]:
    found = {}
    for severity in SEVERITIES:
        text = request.POST.get(f"after-{rule}-{severity}", "").strip()
        if not text:
            continue
        if (minutes := whole(text, 6)) is None:
            raise Refused(
                "That is no threshold.",
                field=f"after-{rule}-{severity}",
                value=text[:20],
                fix="Use a whole number of minutes; leave it empty to watch nothing there.",
            )
        found[severity] = minutes
    return found
