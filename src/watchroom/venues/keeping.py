"""Makes venues, brings them up to date, and closes them. Nothing is asked of the other side inside a transaction, and a
venue that is looked after has a lease: what is cut off is due again, and a late answer changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce, Greatest

from ..accounts.actors import SYSTEM
from ..bridges.base import Bridge as Plugin
from ..channels.base import DeliveryFailed
from ..chat.cards import card_of_part, part_now
from ..incidents.commands import acting_in, write_system
from ..incidents.models import Incident, KeyTime, LogEntry, Moment, RoleAssignment, RoleName
from ..kernel import clock, wake
from ..kernel import settings as conf
from ..kernel.db import announce, claimable, locked
from ..kernel.errors import WatchroomError
from ..kernel.plugins import one_of
from ..paging.models import ContactMethod
from ..paging.rooms import by_its_clock
from ..paging.wording import time_stamp
from ..workspaces.base import Card
from ..workspaces.models import Post
from ..workspaces.posts import keep, redraw
from ..workspaces.queries import client_of, product_of
from . import queries, rules
from .commands import GROUP
from .models import Venue, VenueLine

State = Venue.State
LEASE = timedelta(minutes=3)
LINES_AT_ONCE = 20


def claim() -> Venue | None:
    """The venue that is due first, under a new token."""
    now = clock.now()
    with transaction.atomic():
        free = Q(busy_until=None) | Q(busy_until__lte=now)
        due = Venue.objects.filter(free, due_at__lte=now).order_by("due_at", "id")
        row = claimable(due.select_related("incident__team", "incident__type", "workspace", "bridge")).first()
        if row is not None:
            row.due_at = row.busy_until = now + LEASE
            row.token += 1
            row.save(update_fields=["due_at", "busy_until", "token"])
    return row


def next_due() -> datetime | None:
    """When the next one can be claimed."""
    rows = Venue.objects.filter(due_at__isnull=False)
    soonest = rows.annotate(free_at=Greatest("due_at", Coalesce("busy_until", "due_at"))).order_by("free_at")
    return soonest.values_list("free_at", flat=True).first()


def look_after(venue: Venue) -> None:
    """Make it, bring it up to date, or close it. Whatever goes wrong is written down."""
    try:
        _look_after(venue)
    finally:
        if _own(venue).update(busy_until=None):
            announce({wake.DUE})  # it may have become due meanwhile


def _look_after(venue: Venue) -> None:
    try:
        if venue.workspace is None and venue.bridge is None:
            raise DeliveryFailed("What it was made with is no longer connected.", permanent=True)
        if venue.state == State.ASKED:
            _make(venue)
        elif venue.kind == Venue.Kind.CHAT:
            _chat(venue)
        elif _is_over(venue):
            _plugin(venue).close(venue.bridge.settings if venue.bridge else {}, venue.room)
            _closed(venue)
        else:
            _rests(venue)
    except WatchroomError as error:
        _failed(venue, str(error), permanent=bool(getattr(error, "permanent", False)))


def _plugin(venue: Venue) -> Plugin:
    found: Plugin = one_of(GROUP, venue.bridge.kind if venue.bridge else "")
    return found


def _title(incident: Incident) -> str:
    return f"{'[Drill] ' if incident.drill else ''}SEV{incident.severity} {incident}"


def _make(venue: Venue) -> None:
    incident = venue.incident
    if venue.kind == Venue.Kind.CALL:
        bridge = venue.bridge
        plugin, settings = _plugin(venue), dict(bridge.settings) if bridge else {}
        call = plugin.open(plugin.check(settings), _title(incident))
        made = {"room": call.id, "url": call.url, "name": plugin.label}
    else:
        assert venue.workspace is not None
        client: Any = client_of(venue.workspace)
        name = rules.channel_name(incident.pk, incident.title, drill=incident.drill)
        # A channel of this name may be left from a try that was cut off, and names are given once.
        name = name if venue.tries == 0 else f"{name[:54]}-{venue.token}"
        topic = _topic(incident)
        room = client.create_room(name, topic=topic, private=incident.private)
        made = {"room": room.id, "url": room.url, "name": room.name, "topic": topic}
    with acting_in(SYSTEM, "venue.opened", incident) as (change, row):
        mine = locked(Venue.objects.filter(pk=venue.pk, token=venue.token)).first()
        if mine is None:
            return
        for field, value in made.items():
            setattr(mine, field, value)
        if mine.kind == Venue.Kind.CHAT and mine.workspace and product_of(mine.workspace).watched:
            mine.watch_at, mine.watched_to = change.at, int(change.at.timestamp() * 1000)
        mine.state, mine.opened_at, mine.due_at, mine.error, mine.tries = State.OPEN, change.at, change.at, "", 0
        mine.save()
        what = "channel" if mine.kind == Venue.Kind.CHAT else "call"
        write_system(
            row, "venue.opened", f"A {what} is open: {mine.name} {mine.url}".strip(), {"venue": mine.pk}, change.at
        )
        change.note(kind=mine.kind)
        change.due()


def _commander(incident: Incident) -> str:
    rows = RoleAssignment.objects.filter(incident=incident, role=RoleName.COMMANDER, ended_at__isnull=True)
    found = rows.select_related("person").first()
    return str(found.person) if found else ""


def _topic(incident: Incident) -> str:
    url = f"{conf.current().url}/incidents/{incident.pk}"
    status = incident.state_name
    return rules.topic(incident.severity, status, _commander(incident), url, incident.title, drill=incident.drill)


def _chat(venue: Venue) -> None:
    """Topic, people, lines; then, when it is over, the end. Each is written down as soon as it is done."""
    assert venue.workspace is not None
    client: Any = client_of(venue.workspace)
    if venue.watch_at is None and product_of(venue.workspace).watched:
        _own(venue).filter(watch_at=None).update(watch_at=clock.now())
    topic = _topic(venue.incident)
    if topic != venue.topic:
        client.set_topic(venue.room, topic)
        venue.topic = topic
        _own(venue).update(topic=topic)
    _invite(venue, client)
    more = _post_lines(venue, client)
    _post_proposals(venue, client)
    if not more and _is_over(venue):
        client.archive(venue.room)
        _closed(venue)
    else:
        _rests(venue, soon=more)


def _own(venue: Venue) -> Any:
    return Venue.objects.filter(pk=venue.pk, token=venue.token)


def _invite(venue: Venue, client: Any) -> None:
    """Whoever holds a role; by the account that they have confirmed there, else by their e-mail address. One who can't be
    found there holds nobody else up."""
    rows = RoleAssignment.objects.filter(incident=venue.incident, ended_at__isnull=True).select_related("person")
    people = {each.person_id: each.person for each in rows if each.person_id not in venue.invited}
    assert venue.workspace is not None
    methods = ContactMethod.objects.filter(person__in=people, channel=venue.workspace.kind, enabled=True)
    accounts = {
        each.person_id: str(each.settings.get("user", ""))
        for each in methods.order_by("id")
        if each.settings.get("workspace") == venue.workspace_id
    }
    for person in people.values():
        try:
            client.invite(venue.room, [accounts.get(person.pk) or client.user(person.email)])
        except DeliveryFailed as failed:
            if not failed.permanent:
                raise
        venue.invited = [*venue.invited, person.pk]
        _own(venue).update(invited=venue.invited)


def _post_lines(venue: Venue, client: Any) -> bool:
    """Post the lines that are told and have not been. Whether there are more."""
    posted = VenueLine.objects.filter(venue=venue).values("entry")
    rows = LogEntry.objects.filter(incident=venue.incident).exclude(pk__in=posted).select_related("author")
    rows = rows.filter(Q(pinned=True) | Q(kind__in=rules.TOLD_KINDS) | Q(type__in=rules.TOLD_TYPES))
    told = [
        each
        for each in rows.order_by("at", "id")
        if rules.is_told(each.kind, each.type, pinned=each.pinned, client_key=each.client_key)
    ]
    assert venue.workspace is not None  # whoever has a client has one
    for entry in told[:LINES_AT_ONCE]:
        key, run = f"venue-{venue.pk}-{entry.pk}", _run_of(entry)
        if run is None or not _post_part(venue, client, f"m{run}", "mitigation_run", key):
            client.post(venue.room, by_its_clock(_card(venue.incident, entry), venue.workspace), key=key)
        VenueLine.objects.get_or_create(venue=venue, entry=entry)
    return len(told) > LINES_AT_ONCE


def _run_of(entry: LogEntry) -> int | None:
    """The run that a line says is begun: its message has buttons, and follows it to its end."""
    run = entry.data.get("run") if entry.type == "mitigation.started" else None
    return run if isinstance(run, int) else None


def _post_proposals(venue: Venue, client: Any) -> None:
    """What waits for somebody's approval about the incident and is not in the channel yet."""
    for number in queries.open_proposals(venue.incident):
        about = f"p{number}"
        if not Post.objects.filter(workspace=venue.workspace, place=venue.room, about=about).exists():
            _post_part(venue, client, about, "approval", f"venue-{venue.pk}-{about}")


def _post_part(venue: Venue, client: Any, about: str, kind: str, key: str) -> bool:
    """Post what is decided in a message that is drawn anew. Whether it is still there."""
    assert venue.workspace is not None
    part = part_now(about, venue.workspace.timezone)
    if part is None:
        return False
    card = card_of_part(part)
    posted, number = client.post(venue.room, card, key=key), int(about[1:])
    keep(venue.workspace, posted, replace(card, about=about), kind=kind, subject_id=number)
    redraw(kind, [number])  # what was decided while it was being posted; nothing is sent where nothing was
    return True


def _card(incident: Incident, entry: LogEntry) -> Card:
    who = str(entry.author) if entry.author and entry.kind != LogEntry.Kind.SYSTEM else ""
    kind = "" if entry.kind == LogEntry.Kind.SYSTEM else f"{entry.get_kind_display()}: "
    text = entry.text if len(entry.text) <= 240 else f"{entry.text[:239]}…"
    return Card(
        title=f"{'[Drill] ' if incident.drill else ''}{kind}{text}",
        text=entry.text if len(entry.text) > 240 else "",
        state=f"{who}, {time_stamp(entry.at)}".lstrip(", "),
        tone="done" if entry.type == "incident.resolved" else "info",
        url=f"{conf.current().url}/incidents/{incident.pk}#entry-{entry.pk}",
    )


def _is_over(venue: Venue) -> bool:
    if venue.closing:
        return True
    over = _over_at(venue)
    return over is not None and over <= clock.now()


def _over_at(venue: Venue) -> Any:
    if venue.incident.is_open:
        return None
    resolved = KeyTime.objects.filter(incident=venue.incident, moment=Moment.RESOLVED).order_by("-id").first()
    return (resolved.at if resolved else clock.now()) + rules.ARCHIVE_AFTER


def _rests(venue: Venue, *, soon: bool = False) -> None:
    """Nothing is to be done until something happens, or it is over. What has happened meanwhile has made it due again: a
    lease that is no longer ours is left alone."""
    now = clock.now()
    _own(venue).filter(due_at__gt=now).update(due_at=now if soon else _over_at(venue), error="", tries=0)


def _closed(venue: Venue) -> None:
    if _own(venue).update(state=State.CLOSED, due_at=None, watch_at=None, error="", tries=0):
        announce({f"incident:{venue.incident_id}"})


def _failed(venue: Venue, text: str, *, permanent: bool) -> None:
    tries = venue.tries + 1
    pause = None if permanent else rules.again_after(tries)
    with transaction.atomic():
        row = locked(_own(venue)).first()
        if row is None:
            return
        row.tries, row.error = tries, text[:300]
        row.due_at = clock.now() + pause if pause else None
        if pause is None:
            row.state, row.watch_at = State.FAILED, None
            what = "The channel" if row.kind == Venue.Kind.CHAT else "The call"
            write_system(
                venue.incident,
                "venue.failed",
                f"{what} does not work: {text} The room here works without it."[:500],
                {"venue": row.pk},
            )
        row.save(update_fields=["tries", "error", "due_at", "watch_at", "state"])
        announce({wake.DUE, f"incident:{venue.incident_id}"})
