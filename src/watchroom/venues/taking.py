"""Takes what was said in a channel into the log: once, with its author, time and link. Words that blame are shown to their
author alone first, and wait for a moment; then they are written as they were said. Nothing is asked of a chat inside a
transaction, and nothing that is on its way is lost: it is a row with a due time."""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, transaction

from ..accounts.actors import Actor
from ..accounts.changes import change
from ..accounts.models import Person
from ..accounts.roles import Action
from ..channels.base import DeliveryFailed
from ..chat.answering import acting_for, whose
from ..incidents import wording as wordings
from ..incidents.commands import Source, log
from ..incidents.rules import blameless
from ..kernel import clock, wake
from ..kernel import settings as conf
from ..kernel.db import announce, claimable, locked
from ..kernel.errors import WatchroomError
from ..workspaces.base import Heard
from ..workspaces.queries import client_of, product_of
from . import marking, queries, rules
from .models import Taken, Venue

logger = logging.getLogger(__name__)  # ``log`` writes into that of an incident
LEASE = timedelta(minutes=2)
MOST = 4000  # characters of a message that are taken


def wording(found: list[blameless.Finding]) -> str:
    """What its author is told of words that blame, in words."""
    return "\n".join(f"“{each.phrase}”: {each.why} {each.better} Perhaps: {each.instead}" for each in found[:3])


def _choice(word: str) -> str:
    return (
        f"Nobody has seen it in the log yet; it is written there in two minutes as it stands. Sooner, or otherwise: "
        f"{word} reword NEW WORDS, {word} as-is, or {word} drop."
    )


def _word(venue: Venue) -> str:
    return "!watchroom" if venue.workspace and venue.workspace.kind == "matrix" else "/watchroom"


def hold(by: Actor, venue: Venue, heard: Heard, key: str, line: tuple[str, str], found: list[blameless.Finding]) -> str:
    """Keep a line that somebody said with a word in front until they have seen another wording. Returns what to answer: it
    is empty where all of the room would read it; there the engine tells them alone."""
    assert venue.workspace is not None
    overheard = product_of(venue.workspace).polls
    now = clock.now()
    Taken.objects.get_or_create(
        venue=venue,
        message=key,
        defaults={
            "kind": line[0],
            "text": line[1],
            "author": heard.user,
            "name": by.name,
            "person": by.person,
            "at": now,
            "shown": not overheard,
            "due_at": now if overheard else now + rules.HOLD,
        },
    )
    announce({wake.DUE})
    return "" if overheard else f"{wording(found)}\n{_choice(_word(venue))}"


def go_on(by: Actor, venue: Venue, word: str, text: str) -> str:
    """What the author of a line that waits says of it: other words, as it is, or not at all."""
    with transaction.atomic():
        rows = Taken.objects.filter(venue=venue, person=by.person, entry=None, due_at__isnull=False, shown=True)
        row = locked(rows).order_by("-id").first() if by.person else None
        if row is None:
            return "Nothing of yours is waiting here."
        incident = venue.incident  # whoever sees it may change what is their own; the words themselves are not recorded
        if word == "drop":
            with change(by, "log.source_dropped", incident, needs=Action.SEE, team=incident.team):
                row.due_at, row.error = None, rules.DROPPED
                row.save(update_fields=["due_at", "error"])
            return "It is not written."
        if word == "reword":
            if not text:
                return "Say it in other words: reword The change of 14:02 took the limit away."
            with change(by, "log.source_reworded", incident, needs=Action.SEE, team=incident.team):
                row.text = text[:MOST]
                row.save(update_fields=["text"])
        row.due_at = clock.now()
        row.save(update_fields=["due_at"])
        announce({wake.DUE})
    return f"It is written into the log of #{venue.incident_id}."


def claim() -> Taken | None:
    """What is due first, with a lease."""
    now = clock.now()
    with transaction.atomic():
        due = Taken.objects.filter(due_at__lte=now).order_by("due_at", "id")
        row = claimable(due.select_related("venue__workspace", "venue__incident__team", "person")).first()
        if row is not None:
            row.due_at, row.tries = now + LEASE, row.tries + 1
            row.save(update_fields=["due_at", "tries"])
    return row


def take(row: Taken) -> None:
    """Read it, show its author a better wording if it blames, and write it."""
    venue = row.venue
    try:
        if venue.workspace is None:
            raise DeliveryFailed("The chat is no longer connected.", permanent=True)
        client: Any = client_of(venue.workspace)
        if not row.text and not _read(row, client):
            return
        found = [] if row.shown else wordings.findings(row.text)
        if found and row.author:
            _show(row, client, found)
        else:
            _write(row)
    except WatchroomError as error:
        _not_taken(row, str(error), None if getattr(error, "permanent", True) else rules.again_after(row.tries))
    except (InterfaceError, OperationalError):
        raise  # the database is away or busy: the message is not to blame, and its lease runs out
    except Exception:
        logger.exception("A message could not be taken into the log: %s", row.pk)
        _not_taken(row, "Something in it is not as Watchroom expects it.", rules.again_after(row.tries))


def _not_taken(row: Taken, why: str, pause: timedelta | None) -> None:
    _own(row).update(due_at=clock.now() + pause if pause else None, error=why[:300])
    if pause is None:
        _say_why_not(row, why)


def _own(row: Taken) -> Any:
    return Taken.objects.filter(pk=row.pk, due_at=row.due_at)


def _read(row: Taken, client: Any) -> bool:
    venue = row.venue
    assert venue.workspace is not None
    said = client.statement(venue.room, row.message)
    # PostgreSQL can not store NUL, and nobody means it.
    text, name = said.text.replace("\0", "").strip(), said.name.replace("\0", "")
    if not text or said.author == venue.workspace.account:
        _own(row).update(due_at=None, error="There is nothing in it, or it is ours.")
        return False
    row.text, row.author, row.name = text[:MOST], said.author, name
    row.at = min(said.at, clock.now())
    row.url = said.url[:1000] if said.url.startswith(("https://", "http://")) else ""
    row.person = whose(venue.workspace, said.author)
    fields = ("text", "author", "name", "at", "url", "person")
    return bool(_own(row).update(**{field: getattr(row, field) for field in fields}))


def _show(row: Taken, client: Any, found: list[blameless.Finding]) -> None:
    text = f"This goes into the log of incident #{row.venue.incident_id}: “{row.text[:200]}”\n{wording(found)}"
    # Only whom we know can answer; anybody else is shown it all the same.
    text += f"\n{_choice(_word(row.venue))}" if row.person else "\nIt is written in two minutes as it stands."
    key = hashlib.sha256(f"taken-{row.pk}".encode()).hexdigest()[:40]
    try:
        client.whisper(row.venue.room, row.author, text, key=key)
    except DeliveryFailed as failed:
        if not failed.permanent and row.tries < 3:
            raise
        row.error = f"Its author could not be shown a better wording: {failed}"[:300]
    # Shown or not, it does not wait for ever.
    _own(row).update(shown=True, tries=0, error=row.error, due_at=clock.now() + rules.HOLD)


def _by(row: Taken) -> Actor:
    """As whom it is written: who marked it, the first of them who may act in the incident. Its author stands in only where
    nobody has marked it, or the product does not tell who did: else a stranger would act with the author's rights.

    :raises DeliveryFailed: nobody of them.
    """
    workspace = row.venue.workspace
    assert workspace is not None
    people: list[Person | None] = [whose(workspace, user) for user in row.marks.values() if user]
    if not row.marks or "" in row.marks.values():
        people.append(row.person)
    known = [acting_for(person, workspace) for person in people if person is not None]
    for by in known:
        if queries.may_act(by, row.venue.incident):
            return by
    if known:
        raise DeliveryFailed(
            "Whoever marked it may not act in this incident.",
            permanent=True,
            fix="Ask one of its responders to mark it.",
        )
    raise DeliveryFailed(
        "Watchroom does not know who marked it.",
        permanent=True,
        fix=f"Add your account at {conf.current().url}/me/contact, and mark it again.",
    )


def _write(row: Taken) -> None:
    assert row.venue.workspace is not None
    by = _by(row)
    label = product_of(row.venue.workspace).label
    key = hashlib.sha256(f"{row.venue_id} {row.message}".encode()).hexdigest()[:40]
    with transaction.atomic():
        mine = locked(_own(row)).first()
        if mine is None or (mine.entry_id is not None):
            return
        entry = log(
            by,
            row.venue.incident,
            mine.kind,
            mine.text,
            at=mine.at,
            client_key=f"{rules.PREFIX}{key}",
            source=Source(mine.person, mine.name, label, mine.url),
        )
        mine.entry, mine.due_at, mine.error = entry, None, ""
        mine.save(update_fields=["entry", "due_at", "error"])


def _say_why_not(row: Taken, why: str) -> None:
    """Tell whoever marked it, alone."""
    user = next((each for each in row.marks.values() if each), row.author)
    if row.venue.workspace is None or not user:
        return
    try:
        client: Any = client_of(row.venue.workspace)
        client.whisper(row.venue.room, user, f"It was not taken into the log. {why}", key=f"taken-{row.pk}-{row.tries}")
    except WatchroomError:
        pass  # it is written down in the row


def watch(venue: Venue) -> None:
    """Ask a product that does not tell by itself what is marked in a channel."""
    assert venue.workspace is not None
    client: Any = client_of(venue.workspace)
    again = clock.now() + rules.WATCH_EVERY
    try:
        found, to = client.marks(venue.room, venue.watched_to)
    except DeliveryFailed as failed:
        pause = max(rules.WATCH_EVERY * 4, failed.retry_after or timedelta(0))
        Venue.objects.filter(pk=venue.pk, watch_at=venue.watch_at).update(watch_at=clock.now() + pause)
        return
    for each in found:
        marking.exactly(venue, each.message, each.marks)
    Venue.objects.filter(pk=venue.pk, watch_at=venue.watch_at).update(watch_at=again, watched_to=to)


def claim_watch() -> Venue | None:
    """The channel that is to be asked first, with a lease."""
    now = clock.now()
    with transaction.atomic():
        due = Venue.objects.filter(watch_at__lte=now, workspace__isnull=False).order_by("watch_at", "id")
        row = claimable(due.select_related("workspace")).first()
        if row is not None:
            row.watch_at = now + LEASE
            row.save(update_fields=["watch_at"])
    return row
