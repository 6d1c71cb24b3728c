"""Reads about runbooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, Max, Q, QuerySet

from ..accounts.actors import Actor
from ..accounts.models import Person, Team
from ..accounts.roles import Action
from ..catalog.models import Service
from ..intake.matchers import matcher
from ..intake.models import Alert, AlertGroup
from ..kernel import clock
from ..kernel.finding import one
from ..oncall.models import Schedule
from ..paging.models import EscalationPolicy
from . import rules
from .models import Runbook, RunbookRun, RunbookVersion
from .named import Named, named_in

MOST_LABELS = 200  # sets of labels of one alert group that are looked at


def visible_to(actor: Actor) -> QuerySet[Runbook]:
    """The library: everybody who is signed in may read it; it is for whoever is awake."""
    rows = Runbook.objects.select_related("team", "owner", "reviewed_by")
    return rows if actor.may(Action.SEE) else rows.none()


def runbook_by(actor: Actor, slug: str) -> Runbook:
    """One runbook by its slug.

    :raises NotFound: there is none, or ``actor`` may not see it.
    """
    return one(visible_to(actor), "runbook", slug=slug)


def said_of(runbook: Runbook) -> dict[str, Any]:
    """All of it but its steps, as :func:`commands.save_runbook` takes it."""
    return {
        "team": runbook.team,
        "name": runbook.name,
        "slug": runbook.slug,
        "summary": runbook.summary,
        "services": list(runbook.services.all()),
        "matchers": list(runbook.matchers),
        "owner": runbook.owner,
        "review_days": runbook.review_days,
    }


def last_run_of(runbooks: Sequence[Runbook]) -> dict[int, datetime]:
    """When each of these was last gone through, by number; a drill is as good for that."""
    rows = RunbookRun.objects.filter(runbook__in=runbooks, ended_at__isnull=False).order_by().values_list("runbook_id")
    return {pk: at for pk, at in rows.annotate(last=Max("ended_at")) if pk is not None}


def version_of(runbook: Runbook, version: int) -> RunbookVersion:
    """One version of it.

    :raises NotFound: there is none.
    """
    return one(RunbookVersion.objects.filter(runbook=runbook), "version", version=version)


def versions_of(
    runbook: Runbook, *, before: int | None = None, most: int = 50
) -> list[tuple[RunbookVersion, tuple[rules.Changed, ...]]]:
    """Its versions, the newest first, each with what it changed. One query."""
    rows = runbook.versions.all() if before is None else runbook.versions.filter(version__lt=before)
    found = list(rows[: most + 1])
    steps = [*(rules.steps_of(each.steps) for each in found), ()]
    return [(each, rules.compared(steps[at + 1], steps[at])) for at, each in enumerate(found[:most])]


def steps_in(runbook: Runbook) -> tuple[rules.Step, ...]:
    """The steps of its newest version."""
    return steps_in_all([runbook])[runbook.pk] if runbook.version else ()


def steps_in_all(runbooks: Sequence[Runbook]) -> dict[int, tuple[rules.Step, ...]]:
    """The steps of the newest version of each of these, by the runbook's number. One query."""
    newest = RunbookVersion.objects.filter(runbook__in=runbooks, version=F("runbook__version")).order_by()
    found = {pk: rules.steps_of(steps) for pk, steps in newest.values_list("runbook_id", "steps")}
    return {each.pk: found.get(each.pk, ()) for each in runbooks}


def fitting(
    actor: Actor,
    *,
    services: Iterable[Service | int] = (),
    labels: Iterable[Mapping[str, str]] | None = None,
) -> list[Runbook]:
    """Runbooks for something about these services whose alerts have one of these sets of labels, the best first, each with its
    ``reason`` in words. Without ``labels`` (None) nothing is known of alerts: those for a service count, whatever they match.

    One fits if it names one of the services, or none at all; and if all its matchers accept one of the labels, or it has
    none. What names neither fits nothing. What both name it comes before what one names.
    """
    numbers = {each.pk if isinstance(each, Service) else each for each in services}
    rows = visible_to(actor).filter(Q(services__in=numbers) | Q(services__isnull=True)).exclude(version=0)
    said = None if labels is None else list(labels)[:MOST_LABELS]
    found: list[tuple[int, str, int, Runbook]] = []
    for row in rows.annotate(for_service=F("services")):
        rank, reason = rules.fit(
            for_service=row.for_service is not None,  # type: ignore[attr-defined]
            accepts=[matcher(text).accepts for text in row.matchers],
            labels=said,
        )
        if rank:
            row.reason = reason  # type: ignore[attr-defined]
            found.append((-rank, row.name, row.pk, row))
    found.sort(key=lambda each: each[:3])
    return list({row.pk: row for *_, row in found}.values())


def fitting_group(actor: Actor, group: AlertGroup, alerts: Iterable[Alert] | None = None) -> list[Runbook]:
    """Runbooks for what fires in an alert group (or for all that did, when nothing does), the best first. ``alerts``: those of it
    that have been read already."""
    if alerts is None:
        rows = group.alerts.filter(ended_at__isnull=True) if group.firing else group.alerts
        alerts = rows.order_by("-id").only("labels", "group")[:MOST_LABELS]
    labels = [{**alert.labels, **group.group_labels} for alert in alerts]
    return fitting(
        actor, services=[group.service_id] if group.service_id else [], labels=labels or [group.group_labels]
    )


def called(kind: str, key: str) -> Person | Team | Schedule | EscalationPolicy | None:
    """Whom a step of the kind ``call`` means; None: there is nobody like that (any more)."""
    if kind == "person":
        return Person.objects.filter(email__iexact=key, is_active=True).first()
    model: Any = {"team": Team, "schedule": Schedule, "policy": EscalationPolicy}.get(kind)
    return model.objects.filter(slug=key).first() if model else None


def known_of(
    runbook: Runbook, steps: Sequence[rules.Step], named: Named, ran_at: datetime | None = None, *, services: bool
) -> rules.Known:
    """What is looked at to say what a runbook lacks."""
    return rules.Known(
        steps=steps,
        created_at=runbook.created_at,
        summary=runbook.summary,
        fits=bool(services or runbook.matchers),
        gone=named.gone(steps),
        dead=[each["url"] for each in runbook.links or () if each["ok"] is False],
        review_days=runbook.review_days,
        reviewed_at=runbook.reviewed_at,
        ran_at=ran_at,
    )


def lacks(runbook: Runbook) -> tuple[rules.Lack, ...]:
    """What this runbook lacks to be of use at night, and what would mend each; what matters most comes first."""
    return lacks_of([runbook])[runbook.pk]


def lacks_of(runbooks: Sequence[Runbook]) -> dict[int, tuple[rules.Lack, ...]]:
    """What each of these lacks, by number; as many questions for a hundred as for one."""
    steps = steps_in_all(runbooks)
    named = named_in([step for each in steps.values() for step in each])
    attached = set(
        Runbook.objects.filter(pk__in=[row.pk for row in runbooks], services__isnull=False).values_list("pk", flat=True)
    )
    ran = last_run_of(runbooks)
    now = clock.now()
    return {
        row.pk: rules.lacks(known_of(row, steps[row.pk], named, ran.get(row.pk), services=row.pk in attached), now)
        for row in runbooks
    }
