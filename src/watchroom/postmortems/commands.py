"""All that changes postmortems."""

from __future__ import annotations

from ..accounts.actors import Actor
from ..accounts.changes import Change
from ..incidents.commands import acting_in, write_system
from ..incidents.models import Incident
from ..incidents.wording import people_named_in
from ..kernel.checks import chosen
from ..kernel.db import locked
from ..kernel.errors import Conflict, NotFound, Refused
from . import queries, rules
from .models import Postmortem, PostmortemRevision, Review

MOST = 100_000
State = Postmortem.State


def draft(by: Actor, incident: Incident) -> Postmortem:
    """Begin the postmortem of ``incident``, made from what happened. If there is one already, that one.

    :raises Conflict: people are still being hurt; that comes first.
    """
    with acting_in(by, "postmortem.drafted", incident) as (made, row):
        there = Postmortem.objects.filter(incident=row).first()
        if there is not None:
            return there
        if row.status == Incident.Status.ACTIVE:
            raise Conflict(
                f"Incident #{row.pk} is still active.",
                field="status",
                value=row.status,
                fix="Mark it as mitigated or resolved first: stopping it comes before learning from it.",
            )
        postmortem = Postmortem.objects.create(
            incident=row, created_at=made.at, created_by=by.person, **rules.draft(queries.facts_of(row))
        )
        _touch(made, postmortem)
        write_system(
            row, "postmortem.drafted", "The postmortem was begun.", {"postmortem": postmortem.pk}, made.at, by=by
        )
    return postmortem


def edit(by: Actor, postmortem: Postmortem, *, version: int, **sections: str) -> Postmortem:
    """Change sections. What they said before is kept.

    :raises Conflict: somebody else has edited it since ``version`` was read.
    :raises Refused: there is no such section, it is too long, or a published one would get a gap.
    """
    unknown = next((name for name in sections if name not in rules.SECTIONS), None)
    if unknown:
        raise Refused(
            "There is no such section.", field=unknown, value=unknown, fix=f"Use {', '.join(rules.SECTIONS)}."
        )
    for name, text in sections.items():
        if len(text) > MOST:
            raise Refused("That is too long.", field=name, value=len(text), fix=f"Use at most {MOST} characters.")
    with acting_in(by, "postmortem.edited", postmortem.incident) as (made, _):
        row = _locked(made, postmortem)
        if row.version != version:
            raise Conflict(
                f"Somebody edited this in the meantime: you began from version {version}, it is now {row.version}.",
                field="version",
                value=version,
                fix="Copy what you wrote, read the present version, and bring the two together.",
            )
        clean = {name: text.replace("\r\n", "\n").strip() for name, text in sections.items()}
        before = {name: getattr(row, name) for name, text in clean.items() if getattr(row, name) != text}
        if not before:
            return row
        if row.state == State.PUBLISHED:
            after = queries.sections_of(row) | clean
            people = people_named_in(after.values())
            _refuse_first(rules.missing(after, approvals=1, actions=1, people=people))
        made.history(PostmortemRevision(postmortem=row, version=version, at=made.at, by=by.person, changed=before))
        for name in before:
            setattr(row, name, clean[name])
        row.version = version + 1
        row.save(update_fields=[*before, "version"])
        made.note(version=row.version, sections=sorted(before))
    return row


def submit(by: Actor, postmortem: Postmortem) -> Postmortem:
    """Ask others to review it.

    :raises Conflict: it is not a draft.
    """
    with acting_in(by, "postmortem.submitted", postmortem.incident) as (made, _):
        row = _locked(made, postmortem)
        _must_be(row, State.DRAFT, "Only a draft can be submitted for review.")
        row.state, row.submitted_at = State.IN_REVIEW, made.at
        row.save(update_fields=["state", "submitted_at"])
    return row


def review(by: Actor, postmortem: Postmortem, verdict: str, comment: str = "") -> Review:
    """Say what you think of the version as it stands. Changes that are asked for make it a draft again.

    :raises Refused: by whoever wrote it, with an unknown verdict, or changes without a word.
    :raises Conflict: it is not in review.
    """
    comment = comment.strip()
    chosen(verdict, Review.Verdict.values, "verdict", field="verdict")
    if verdict == Review.Verdict.CHANGES and not comment:
        raise Refused("Nothing says what to change.", field="comment", value="", fix="Write what you miss.")
    with acting_in(by, "postmortem.reviewed", postmortem.incident) as (made, _):
        row = _locked(made, postmortem)
        _must_be(row, State.IN_REVIEW, "Only a postmortem that is in review can be reviewed.")
        if by.person is None or by.person.pk in queries.writers_of(row):
            raise Refused(
                "Whoever wrote a postmortem can’t review it.",
                field="person",
                value=by.name,
                fix="Ask somebody else to read it.",
            )
        said = Review(
            postmortem=row, person=by.person, version=row.version, verdict=verdict, comment=comment, at=made.at
        )
        made.history(said)
        if verdict == Review.Verdict.CHANGES:
            row.state = State.DRAFT
            row.save(update_fields=["state"])
        made.note(verdict=verdict, version=row.version)
    return said


def publish(by: Actor, postmortem: Postmortem) -> Postmortem:
    """Make it the word on what happened.

    :raises Refused: something is missing (see :func:`rules.missing`).
    :raises Conflict: it is not in review.
    """
    with acting_in(by, "postmortem.published", postmortem.incident) as (made, incident):
        row = _locked(made, postmortem)
        _must_be(row, State.IN_REVIEW, "Only a postmortem that is in review can be published.")
        _refuse_first(queries.missing_for(row))
        row.state, row.published_at, row.published_by = State.PUBLISHED, made.at, by.person
        row.save(update_fields=["state", "published_at", "published_by"])
        write_system(
            incident, "postmortem.published", "The postmortem was published.", {"postmortem": row.pk}, made.at, by=by
        )
    return row


def _locked(made: Change, postmortem: Postmortem) -> Postmortem:
    row = locked(Postmortem.objects.select_related("incident__team")).filter(pk=postmortem.pk).first()
    if row is None:
        raise NotFound(f"There is no postmortem {postmortem.pk}.", field="postmortem", value=postmortem.pk)
    _touch(made, row)
    return row


def _touch(made: Change, postmortem: Postmortem) -> None:
    made.subject = postmortem
    made.touch(f"postmortem:{postmortem.pk}", "postmortems")


def _must_be(postmortem: Postmortem, state: str, text: str) -> None:
    if postmortem.state != state:
        raise Conflict(
            text,
            field="state",
            value=postmortem.state,
            fix=f"It is {postmortem.get_state_display().lower()} now.",
        )


def _refuse_first(missing: list[rules.Missing]) -> None:
    if missing:
        first = missing[0]
        raise Refused(first.text, field=first.field, value="", fix=first.fix)
