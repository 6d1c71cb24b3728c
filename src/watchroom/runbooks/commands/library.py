"""The library: runbooks are written, changed, taken back, reviewed, deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...accounts.actors import Actor
from ...accounts.changes import Change, change
from ...accounts.models import Person, Team
from ...accounts.roles import Action
from ...catalog.models import Service
from ...evidence.models import Indicator
from ...intake.matchers import typed
from ...kernel.checks import within, written
from ...kernel.db import locked
from ...kernel.errors import NotFound, Refused
from ...kernel.names import only_one, short_name
from ...mitigations.models import Mitigation
from .. import rules
from ..models import Runbook, RunbookVersion
from ..queries import called, said_of, steps_in
from ..rules import reviews
from ..rules.markdown import Pasted

LONGEST_SUMMARY = 2_000
_PAGES = {"new", "paste"}  # under /runbooks


def save_runbook(
    by: Actor,
    runbook: Runbook | None,
    *,
    team: Team,
    name: str,
    slug: str = "",
    summary: str = "",
    services: Iterable[Service] = (),
    matchers: Iterable[str] = (),
    owner: Person | None = None,
    review_days: int | None = None,
    steps: Sequence[rules.Step | Mapping[str, Any]] | None = None,
) -> Runbook:
    """Write a runbook, or change it. ``steps``: all of them, in order; None: as they are. Steps that differ make a new version;
    what runs goes on by the one with which it began.

    :raises Refused: no name, a matcher that can't be read, or steps that lead nowhere or name what is not there.
    :raises NotAllowed: the team is managed by others.
    :raises Conflict: another one has this slug.
    """
    summary = rules.tidy_text(summary)
    needs, hint = "A runbook needs a name", "Say what is seen: “Checkout answers slowly”."
    name = written(" ".join(name.split()), needs, 120, field="name", fix=hint)
    if len(summary) > LONGEST_SUMMARY:
        raise Refused(
            "That is too long.", field="summary", value=f"{summary[:40]}…", fix=f"Keep to {LONGEST_SUMMARY} letters; the rest belongs into steps."
        )  # fmt: skip
    if review_days is not None:
        within(review_days, 1, reviews.MOST_DAYS, "time", field="review_days", unit="days, or none")
    clean = [str(typed(text, field=f"matchers[{number}]")) for number, text in enumerate(matchers)]
    if owner is not None and not owner.is_active and (runbook is None or owner.pk != runbook.owner_id):
        raise Refused("They have left.", field="owner", value=owner.email, fix="Choose somebody else.")
    wanted = None if steps is None else rules.checked(steps)
    runbook = runbook or Runbook()
    created = runbook.pk is None
    if not created:
        by.require(Action.MANAGE, runbook.team)
    slug = short_name(slug, before=runbook.slug, name=name, otherwise="runbook", among=Runbook.objects)
    if slug in _PAGES:
        raise Refused(
            "A page has this name.", field="slug", value=slug, fix="Choose another short name, or more words."
        )
    with change(
        by, "runbook.created" if created else "runbook.changed", runbook, needs=Action.MANAGE, team=team
    ) as made:
        if not created:
            runbook = _hold(runbook)
            made.subject = runbook
        runbook.team, runbook.name, runbook.slug, runbook.summary = team, name, slug, summary
        runbook.matchers, runbook.owner, runbook.review_days = clean, owner, review_days
        _plan_review(runbook, made)
        with only_one("runbook", slug=slug):
            runbook.save()
        runbook.services.set(list(services))
        if wanted is not None:
            _keep(runbook, wanted, made)
        made.note(version=runbook.version)
        _touch(made, runbook)
    return runbook


def paste_runbook(
    by: Actor, runbook: Runbook | None, pasted: Pasted, *, team: Team | None = None, name: str = ""
) -> Runbook:
    """Make a runbook of what was pasted, or put its steps in place of those of one that is there; all else of that stays.

    :raises Refused: there are no steps in it, a new one has no team, or a step makes no sense.
    """
    if not pasted.steps:
        raise Refused(
            "There are no steps in it.", field="text", value="", fix="Paste headings, and numbered lists under them."
        )
    if runbook is not None:
        said = said_of(runbook) | {"summary": pasted.summary or runbook.summary, "steps": pasted.steps}
        return save_runbook(by, runbook, **said)
    if team is None:
        raise Refused("It needs a team.", field="team", value="", fix="Choose the team that owns it.")
    return save_runbook(
        by,
        None,
        team=team,
        name=name or pasted.name,
        summary=pasted.summary,
        review_days=reviews.USUAL_DAYS,
        steps=pasted.steps,
    )


def go_back(by: Actor, runbook: Runbook, version: int) -> Runbook:
    """Take the steps of an earlier version back, as a new one.

    :raises NotFound: there is no such version.
    :raises Refused: it names what is no longer there.
    """
    with change(by, "runbook.taken_back", runbook, needs=Action.MANAGE, team=runbook.team) as made:
        runbook = _hold(runbook)
        made.subject = runbook
        found = RunbookVersion.objects.filter(runbook=runbook, version=version).first()
        if found is None:
            raise NotFound(f"There is no version {version} of it.", field="version", value=version)
        _keep(runbook, rules.checked(found.steps), made)
        made.note(to=version, version=runbook.version)
        _touch(made, runbook)
    return runbook


def review(by: Actor, runbook: Runbook) -> Runbook:
    """Say that it is still right. A responder of its team may, and its owner."""
    own = by.person is not None and by.person.pk == runbook.owner_id
    with change(
        by, "runbook.reviewed", runbook, needs=Action.DECLARE if own else Action.RESPOND, team=runbook.team
    ) as made:
        runbook = _hold(runbook)
        made.subject = runbook
        runbook.reviewed_at, runbook.reviewed_by = made.at, by.person
        _plan_review(runbook, made)
        runbook.save(update_fields=["reviewed_at", "reviewed_by", "remind_at"])
        _touch(made, runbook)
    return runbook


def delete_runbook(by: Actor, runbook: Runbook) -> None:
    """Take a runbook out of the library, with its versions."""
    with change(by, "runbook.deleted", runbook, needs=Action.MANAGE, team=runbook.team) as made:
        made.note(name=runbook.name, slug=runbook.slug)
        made.subject = None
        _touch(made, runbook)
        runbook.delete()


# --- What they share -------------------------------------------------------------------------------------------------


def _hold(runbook: Runbook) -> Runbook:
    row = locked(Runbook.objects.filter(pk=runbook.pk)).first()
    if row is None:
        raise NotFound("This runbook has been deleted.", field="runbook", value=runbook.slug, fix="See /runbooks.")
    return row


def _touch(made: Change, runbook: Runbook) -> None:
    made.touch("runbooks", f"runbook:{runbook.pk}")


def _plan_review(runbook: Runbook, made: Change) -> None:
    """When its owner is told of the next review: once for each time that it is due."""
    zone = runbook.owner.timezone if runbook.owner else "UTC"
    due = reviews.due(runbook.reviewed_at or runbook.created_at, runbook.review_days)
    before = Runbook.objects.filter(pk=runbook.pk).values_list("review_days", "reviewed_at", "remind_at").first()
    if before is not None and before[:2] == (runbook.review_days, runbook.reviewed_at) and before[2] is None:
        return  # they have been told
    runbook.remind_at = reviews.morning(max(due, made.at), zone) if due else None
    made.due()


def _keep(runbook: Runbook, steps: tuple[rules.Step, ...], made: Change) -> None:
    """Make a version of these steps, where they differ from the newest one."""
    before = steps_in(runbook)
    if steps == before:
        return
    # What a version before names and is gone by now keeps nobody from mending the rest.
    named = {(each.mitigation, each.indicator, each.target) for each in before}
    for number, step in enumerate(steps):
        if (step.mitigation, step.indicator, step.target) not in named:
            _must_be_there(step, f"steps[{number}]")
    runbook.version += 1
    runbook.save(update_fields=["version"])
    RunbookVersion.objects.create(
        runbook=runbook,
        version=runbook.version,
        steps=[step.as_json() for step in steps],
        saved_at=made.at,
        saved_by=made.by.name[:150],
    )


def _must_be_there(step: rules.Step, where: str) -> None:
    """What a step names has to be there when it is written."""
    if step.mitigation and not Mitigation.objects.filter(slug=step.mitigation).exists():
        raise Refused(
            f"There is no mitigation {step.mitigation!r}.",
            field=f"{where}.mitigation",
            value=step.mitigation,
            fix="Use the slug of one in the catalog of mitigations.",
        )
    service, _, name = step.indicator.partition("/")
    if step.indicator and not Indicator.objects.filter(service__slug=service, name=name).exists():
        raise Refused(
            f"There is no indicator {step.indicator!r}.",
            field=f"{where}.indicator",
            value=step.indicator,
            fix="Write the service's slug, a slash, and the indicator's name.",
        )
    kind, _, key = step.target.partition(":")
    if step.target and not called(kind, key):
        raise Refused(
            f"There is no {kind} {key!r} to be called.", field=f"{where}.target", value=step.target, fix=_CALLED[kind]
        )


_CALLED = {
    "person": "Use the e-mail address of somebody who is here.",
    "team": "Use a team's slug.",
    "schedule": "Use a schedule's slug.",
    "policy": "Use a policy's slug.",
}
