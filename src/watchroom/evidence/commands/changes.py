"""Changes: deploys, configuration, flags."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.roles import Action
from ...catalog.models import Service
from ...intake.models import Integration
from ...kernel import clock
from ...kernel.checks import aware, chosen
from ...kernel.db import announce
from ...kernel.errors import Refused
from ...sources.base import ChangeSaid
from ..models import Change

_OLDEST = timedelta(days=3653)
_AHEAD = timedelta(minutes=5)  # clocks of build servers


def record_change(
    by: Actor,
    service: Service,
    *,
    title: str,
    kind: str = Change.Kind.DEPLOY,
    at: datetime | None = None,
    link: str = "",
    author: str = "",
    version: str = "",
    source: str = "",
    client_key: str = "",
) -> Change:
    """Write down that something was changed. Sent again with the same ``client_key``, it is one change.

    :raises Refused: no title, an unknown kind, a time in the future or a link that is no web address.
    """
    title = title.strip()
    if not title or len(title) > 200:
        raise Refused(
            "Say what was changed, in at most 200 characters.",
            field="title",
            value=title[:40],
            fix="For example “checkout 4.18”.",
        )
    chosen(kind, Change.Kind.values, "kind of change", field="kind")
    now = clock.now()
    at = aware(at or now, field="at")
    if at.replace(tzinfo=None) < now.replace(tzinfo=None) - _OLDEST:
        raise Refused(
            "That time is too long ago.", field="at", value=at.isoformat(), fix="Use one of the last ten years."
        )
    if at > now + _AHEAD:
        raise Refused(
            "That time lies in the future.", field="at", value=at.isoformat(), fix="Use a time that has passed."
        )
    if link and not _is_web_address(link):
        raise Refused("That link is no web address.", field="link", value=link[:80], fix="Begin with https://.")
    with change(by, "change.recorded", service, needs=Action.RESPOND, team=service.team) as made:
        row = Change(
            service=service,
            at=at,
            kind=kind,
            title=title,
            link=link,
            author=author.strip() or (str(by.person) if by.person else by.name)[:100],
            version=version.strip(),
            source=source.strip(),
            client_key=client_key,
            recorded_by=by.person,
            recorded_at=made.at,
        )
        before = Change.objects.filter(service=service, client_key=client_key).first() if client_key else None
        if before is None:
            try:
                with transaction.atomic():
                    made.history(row)
            except IntegrityError:
                before = Change.objects.get(service=service, client_key=client_key)
        made.note(title=title, kind=kind, repeated=before is not None)
        made.touch(f"service:{service.pk}", "changes")
    return before or row


class ChangesOfSenders:
    """Changes that senders tell of, through an integration. As for all machine traffic, there is no audit record."""

    def take(self, integration: Integration, said: ChangeSaid) -> str:
        """Write it down for the service that it names, of the integration's team, or for the integration's own. Returns
        why not; empty: it is there. Inside the caller's transaction."""
        service = integration.service
        if said.service:
            service = Service.objects.filter(slug=said.service, team=integration.team_id).first() or service
        if service is None:
            return "name a service of the team by its short name, or give the integration one; then read it again."
        now = clock.now()
        Change.objects.get_or_create(
            service=service,
            client_key=f"sender:{said.key}"[:100],
            defaults={
                "at": said.at if now - _OLDEST < said.at else now,
                "kind": said.kind,
                "title": said.title,
                "link": said.link,
                "author": said.author or integration.name[:100],
                "version": said.version,
                "source": said.source or integration.name[:100],
                "recorded_at": now,
            },
        )
        announce({f"service:{service.pk}", "changes"})
        return ""


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)
