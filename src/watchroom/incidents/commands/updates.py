"""What stakeholders are told: drafted by anyone, published by one voice, corrected but never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ...accounts.actors import Actor
from ...kernel.checks import aware, chosen
from ...kernel.errors import Conflict, NotAllowed, Refused
from ...paging.wording import time_stamp
from .. import hooks, rules
from ..models import Incident, RoleAssignment, Update, UpdateDraft
from ..severities import severity_of
from ._shared import acting_in, checked_text, follow, write_system

Wordings = Mapping[str, Mapping[str, str]]
MOST = 20_000  # characters of one part


def may_publish(by: Actor, incident: Incident) -> bool:
    """Whether ``by`` is the voice of an incident (see ``rules.may_publish``); the commands check besides whether they may
    act in it at all."""
    if by.is_system or by.person is None:
        return True
    held = set(
        RoleAssignment.objects.filter(incident_id=incident.pk, ended_at__isnull=True, person=by.person).values_list(
            "role", flat=True
        )
    )
    return rules.may_publish(held, taken_roles(incident))


def taken_roles(incident: Incident) -> set[str]:
    """The roles that somebody has."""
    rows = RoleAssignment.objects.filter(incident_id=incident.pk, ended_at__isnull=True)
    return set(rows.values_list("role", flat=True))


def publish_update(
    by: Actor,
    incident: Incident,
    *,
    stage: str = Update.Stage.INVESTIGATING,
    happening: str,
    impact: str = "",
    doing: str = "",
    next_update_at: datetime | None = None,
    wordings: Wordings | None = None,
    corrects: Update | None = None,
    lists: Sequence[str] | None = None,
    draft_version: int | None = None,
) -> Update:
    """Publish an update and promise the next one. Once published it can't be changed, only followed by another, or
    corrected by one (``corrects``). Without ``next_update_at`` the next one is due as the severity says, unless this one
    says that it is over. ``lists``: who is told, by slug; None: every list that hears of this incident.
    ``draft_version``: it comes from the draft, which is then done.

    Whoever shows it to strangers calls ``status.commands.publish`` with the update and the pages.

    :raises Refused: nothing is said, an unknown stage or audience, or a promise in the past.
    :raises NotAllowed: somebody else is the voice of this incident.
    :raises Conflict: the draft has been changed since.
    """
    checked_stage(stage)
    happening = checked_text(happening, field="happening", what="What is happening")
    said = checked_wordings(wordings)
    if next_update_at is not None:
        aware(next_update_at, field="next_update_at")
    if corrects is not None and corrects.incident_id != incident.pk:
        raise Refused(
            "That update belongs to another incident.",
            field="corrects",
            value=corrects.pk,
            fix="See the incident's updates.",
        )
    with acting_in(by, "update.corrected" if corrects else "update.published", incident) as (made, row):
        if not may_publish(by, row):
            raise NotAllowed(
                rules.publishing_rule(taken_roles(row)), fix="Save it as a draft, or take the role in the room."
            )
        if row.is_waiting:
            raise Conflict(
                f"Nobody has confirmed yet that #{row.pk} is an incident.",
                field="triage",
                value=row.triage,
                fix="Confirm it first.",
            )
        if next_update_at is not None and next_update_at <= made.at:
            raise Refused(
                "The next update can't be promised for the past.",
                field="next_update_at",
                value=next_update_at.isoformat(),
                fix="Use a time that is still to come.",
            )
        _finish_draft(row, draft_version)
        goes_on = row.is_open and stage != Update.Stage.RESOLVED
        promised = (next_update_at or made.at + severity_of(row.severity).update_every) if goes_on else None
        update = Update(
            incident=row,
            stage=stage,
            happening=happening,
            impact=impact.strip(),
            doing=doing.strip(),
            wordings=said,
            corrects=corrects,
            next_update_at=promised,
            published_at=made.at,
            published_by=by.person,
        )
        made.history(update)
        made.note(update=update.pk, stage=stage)
        made.tell(
            happening=happening,
            impact=update.impact,
            doing=update.doing,
            wordings=said,
            corrects=corrects.pk if corrects else None,
            next_update_at=promised.isoformat() if promised else None,
        )
        made.due()
        row.next_update_at = promised
        row.save(update_fields=["next_update_at"])
        follow(incident, row, "next_update_at")
        told = hooks.tell(update, lists)
        data = {"update": update.pk, "stage": stage, "corrects": corrects.pk if corrects else None, "lists": told}
        write_system(row, "update.published", _line(by, update, told), data, made.at, by=by)
    return update


def _line(by: Actor, update: Update, told: Sequence[str]) -> str:
    """What the running log says of an update, and of who is told."""
    verb = "corrected an update" if update.corrects_id else "published an update"
    promise = f" Next update by {time_stamp(update.next_update_at)}." if update.next_update_at else ""
    whom = f" Told: {', '.join(told)}." if told else ""
    said = update.happening
    dot = "" if said.endswith((".", "!", "?", "…")) or not (promise or whom) else "."
    return f"{by.name} {verb} ({update.get_stage_display().lower()}): {said}{dot}{promise}{whom}"


def save_draft(by: Actor, incident: Incident, *, version: int, **said: Any) -> UpdateDraft:
    """Save the next update as far as it is written. ``version``: the one that was read (0: there was none).

    ``said``: stage, happening, impact, doing, wordings.

    :raises Conflict: somebody has saved another version since; nothing is merged.
    :raises Refused: something is too long, or an unknown stage or audience.
    """
    stage = checked_stage(said.get("stage") or Update.Stage.INVESTIGATING)
    texts = {part: _part(str(said.get(part) or ""), part) for part in rules.PARTS}
    wordings = checked_wordings(said.get("wordings"))
    with acting_in(by, "update.drafted", incident) as (made, row):
        draft = UpdateDraft.objects.select_related("edited_by").filter(incident=row).first()
        _check_version(draft, version)
        draft = draft or UpdateDraft(incident=row, version=0)
        draft.version += 1
        draft.stage, draft.wordings, draft.edited_at, draft.edited_by = stage, wordings, made.at, by.person
        for part, text in texts.items():
            setattr(draft, part, text)
        draft.save()
        made.note(version=draft.version)
    return draft


def discard_draft(by: Actor, incident: Incident, *, version: int) -> None:
    """Throw the draft away.

    :raises Conflict: somebody has saved another version since.
    """
    with acting_in(by, "update.draft_discarded", incident) as (_, row):
        draft = UpdateDraft.objects.select_related("edited_by").filter(incident=row).first()
        _check_version(draft, version)
        if draft is not None:
            draft.delete()


def _finish_draft(row: Incident, version: int | None) -> None:
    if version is None:
        return
    draft = UpdateDraft.objects.select_related("edited_by").filter(incident=row).first()
    _check_version(draft, version)
    if draft is not None:
        draft.delete()


def _check_version(draft: UpdateDraft | None, version: int) -> None:
    there = draft.version if draft else 0
    if version == there:
        return
    if draft is None:
        message = "This draft has been published or thrown away in the meantime."
    else:
        message = f"{draft.edited_by or 'Somebody'} has saved version {there} of this draft in the meantime."
    raise Conflict(
        message,
        field="version",
        value=version,
        fix="Read what is there now, and put your words into it. Nothing was saved.",
    )


def checked_stage(stage: str) -> str:
    """:raises Refused: there is no such stage."""
    chosen(stage, Update.Stage.values, "stage", field="stage")
    return stage


def checked_wordings(wordings: Wordings | None) -> dict[str, dict[str, str]]:
    """What audiences read in other words, without what is empty.

    :raises Refused: an unknown audience or part, or too long.
    """
    found: dict[str, dict[str, str]] = {}
    for audience, parts in (wordings or {}).items():
        chosen(audience, rules.AUDIENCES, "audience", field="wordings")
        for part, text in parts.items():
            chosen(part, rules.PARTS, "part of an update", field=f"wordings.{audience}")
            if text := _part(str(text or ""), f"wordings.{audience}.{part}"):
                found.setdefault(audience, {})[part] = text
    return found


def _part(text: str, field: str) -> str:
    text = text.strip()
    if len(text) > MOST:
        raise Refused(
            "That is too long.", field=field, value=f"{len(text)} characters", fix=f"Use at most {MOST} characters."
        )
    return text
