"""All that changes mitigations: the catalog, and runs in an incident."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from ..accounts.actors import Actor
from ..accounts.changes import change
from ..accounts.models import Team
from ..accounts.roles import Action
from ..catalog.models import Service
from ..incidents.commands import acting_in, must_be_open
from ..incidents.models import Incident, LogEntry
from ..kernel.db import locked
from ..kernel.errors import Conflict, Refused
from .models import Mitigation, MitigationKind, MitigationRun, Risk


def start(
    by: Actor,
    incident: Incident,
    *,
    mitigation: Mitigation | None = None,
    kind: str = "",
    title: str = "",
    client_key: str = "",
) -> MitigationRun:
    """Say that a mitigation is being tried: one of the catalog, or one's own in words. Written to the running log.

    Sent again with the same ``client_key``, it starts once.

    :raises Refused: neither a mitigation nor a title, or an unknown kind.
    :raises Conflict: the incident is resolved, or this mitigation of the catalog is running in it already.
    """
    title = title.strip() or (mitigation.name if mitigation else "")
    kind = kind or (mitigation.kind if mitigation else MitigationKind.OTHER)
    if not title or len(title) > 200:
        raise Refused(
            "Say what you are doing, in at most 200 characters.",
            field="title",
            value=title[:40],
            fix="For example “Roll back checkout to 4.17”.",
        )
    if kind not in MitigationKind.values:
        raise Refused(
            "That is not a kind of mitigation.",
            field="kind",
            value=kind,
            fix=f"Use one of {', '.join(MitigationKind.values)}.",
        )
    if len(client_key) > 64:
        raise Refused("That key is too long.", field="client_key", value=client_key, fix="Use at most 64 characters.")
    with acting_in(by, "mitigation.started", incident) as (made, row):
        before = MitigationRun.objects.filter(incident=row, client_key=client_key).first() if client_key else None
        if before is not None:
            made.note(repeated=True)
            return before
        must_be_open(row, "nothing has to be mitigated")
        if mitigation is not None and (
            running := MitigationRun.objects.filter(incident=row, mitigation=mitigation, ended_at__isnull=True).first()
        ):
            raise Conflict(
                f"“{running.title}” is already running in this incident.",
                field="mitigation",
                value=mitigation.slug,
                fix="Record its outcome before you start it again.",
            )
        run = MitigationRun(
            incident=row,
            mitigation=mitigation,
            kind=kind,
            title=title,
            started_by=by.person,
            started_at=made.at,
            client_key=client_key,
        )
        made.history(run)
        made.history(
            LogEntry(
                incident=row,
                kind=LogEntry.Kind.ACTION,
                type="mitigation.started",
                text=f"Started a mitigation: {title}",
                author=by.person,
                at=made.at,
                written_at=made.at,
                data={"run": run.pk, "kind": kind},
                client_key=_key(run, "start"),
            )
        )
        made.note(run=run.pk, title=title, kind=kind)
    return run


def finish(by: Actor, run: MitigationRun, *, outcome: str, note: str = "") -> MitigationRun:
    """Record what came of it. Written to the running log as the result of the action. The same outcome twice is one.

    :raises Refused: an unknown outcome.
    :raises Conflict: another outcome has been recorded.
    """
    if outcome not in MitigationRun.Outcome.values:
        raise Refused(
            "That is not an outcome.",
            field="outcome",
            value=outcome,
            fix=f"Use one of {', '.join(MitigationRun.Outcome.values)}.",
        )
    with acting_in(by, "mitigation.finished", run.incident) as (made, incident):
        row = locked(MitigationRun.objects.all()).get(pk=run.pk)
        if row.ended_at is not None:
            if row.outcome != outcome:
                raise Conflict(
                    f"Its outcome is already recorded: {row.get_outcome_display().lower()}.",
                    field="outcome",
                    value=outcome,
                    fix="Write a note if it turned out otherwise.",
                )
            return row
        row.ended_at, row.outcome, row.note = made.at, outcome, note.strip()
        row.save(update_fields=["ended_at", "outcome", "note"])
        action = LogEntry.objects.filter(incident=incident, client_key=_key(row, "start")).first()
        more = f". {row.note}" if row.note else ""
        made.history(
            LogEntry(
                incident=incident,
                kind=LogEntry.Kind.RESULT,
                type="mitigation.finished",
                text=f"{row.title}: {row.get_outcome_display().lower()}{more}",
                author=by.person,
                at=made.at,
                written_at=made.at,
                parent=action,
                data={"run": row.pk, "outcome": outcome},
                client_key=_key(row, "end"),
            )
        )
        made.note(run=row.pk, outcome=outcome)
    return row


def _key(run: MitigationRun, end: str) -> str:
    return f"mitigation-run-{run.pk}-{end}"


def save_mitigation(
    by: Actor,
    mitigation: Mitigation | None,
    *,
    team: Team,
    service: Service | None = None,
    kind: str = MitigationKind.OTHER,
    name: str,
    slug: str = "",
    how: str,
    check_text: str = "",
    undo: str = "",
    risk: str = Risk.LOW,
) -> Mitigation:
    """Put a mitigation into the catalog, or change it.

    :raises Refused: no name, nothing said on how to do it, an unknown kind or risk.
    :raises Conflict: another one has this slug.
    """
    for field, value, allowed in (("kind", kind, MitigationKind.values), ("risk", risk, Risk.values)):
        if value not in allowed:
            raise Refused(
                f"That {field} is not accepted.", field=field, value=value, fix=f"Use one of {', '.join(allowed)}."
            )
    name = name.strip()
    if not name or len(name) > 120:
        raise Refused(
            "A mitigation needs a name of at most 120 characters.",
            field="name",
            value=name[:40],
            fix="For example “Roll back checkout”.",
        )
    if not how.strip():
        raise Refused(
            "Say how it is done.", field="how", value=how, fix="Step by step, for someone without deep knowledge."
        )
    mitigation = mitigation or Mitigation()
    created = mitigation.pk is None
    if not created:
        by.require(Action.MANAGE, mitigation.team)
    slug = slug or mitigation.slug or slugify(name)[:64] or "mitigation"
    with change(
        by, "mitigation.created" if created else "mitigation.changed", mitigation, needs=Action.MANAGE, team=team
    ) as made:
        mitigation.team, mitigation.service, mitigation.kind, mitigation.name, mitigation.slug = (
            team,
            service,
            kind,
            name,
            slug,
        )
        mitigation.how, mitigation.check_text, mitigation.undo, mitigation.risk = (
            how.strip(),
            check_text.strip(),
            undo.strip(),
            risk,
        )
        try:
            with transaction.atomic():
                mitigation.save()
        except IntegrityError:
            raise Conflict(
                f"There is already a mitigation {slug!r}.", field="slug", value=slug, fix="Choose another name."
            ) from None
        made.touch("mitigations")
    return mitigation


def delete_mitigation(by: Actor, mitigation: Mitigation) -> None:
    """Take a mitigation out of the catalog. Its runs stay in their incidents."""
    with change(by, "mitigation.deleted", mitigation, needs=Action.MANAGE, team=mitigation.team) as made:
        made.note(name=mitigation.name, slug=mitigation.slug)
        made.subject = None
        made.touch("mitigations")
        mitigation.delete()
