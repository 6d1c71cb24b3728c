"""One delivery as the message that is sent: to a recipient of a list through the channels, to a subscriber as mail with
a way to stop it (RFC 2369, 8058), as JSON in the shape of Statuspage's webhooks, or as a message for a Slack-compatible
incoming webhook (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks)."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from datetime import UTC
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

import msgspec
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext

from ..channels import answers
from ..channels.base import Delivery as Handed
from ..channels.base import DeliveryFailed, Message
from ..channels.email import parse_address, sender_of, smtp
from ..channels.webhook import signature
from ..channels.wording import one_line
from ..incidents.models import Update
from ..kernel import clock
from ..kernel import settings as conf
from .commands.lists import channels
from .commands.subscribing import link_token
from .models import Announcement, Delivery, PublicIncident, Subscriber
from .public import statuspage
from .public.wording import note_text, parts, when
from .queries import page_url, strangers_only, view


@dataclass(frozen=True)
class Telling:
    """What is said: the same in mail and Slack."""

    subject: str
    text: str
    url: str


def send(delivery: Delivery) -> Handed | None:
    """Hand one delivery over. None: it is not wanted any more.

    :raises DeliveryFailed: it could not be handed over.
    """
    if delivery.recipient is not None:
        return _to_recipient(delivery)
    subscriber = delivery.subscriber
    assert subscriber is not None
    wanted = Subscriber.State.ACTIVE if delivery.announcement_id else None
    if subscriber.state == Subscriber.State.ENDED or (wanted and subscriber.state != wanted):
        return None
    if not (subscriber.page.public or subscriber.as_reader):  # it was public when they asked
        return None
    zone = zoneinfo.ZoneInfo(subscriber.page.timezone)
    with translation.override(subscriber.language), timezone.override(zone):
        return _to_subscriber(delivery, subscriber)


# --- Lists of stakeholders ---


def _to_recipient(delivery: Delivery) -> Handed | None:
    recipient, announcement = delivery.recipient, delivery.announcement
    if recipient is None or announcement is None or announcement.update is None:
        return None
    update, audience = announcement.update, recipient.list.audience
    incident = update.incident
    said = parts(update, audience)
    labels = (("", "happening"), ("Who notices what: ", "impact"), ("What we are doing: ", "doing"))
    lines = [f"{label}{said[part]}" for label, part in labels if said[part]]
    if update.corrects_id:
        lines.insert(0, f"This corrects the update of {update.corrects.published_at.astimezone(UTC):%H:%M} UTC.")  # type: ignore[union-attr]
    if update.next_update_at:
        lines.append(f"Next update by {update.next_update_at.astimezone(UTC):%d %b %H:%M} UTC.")
    # Customers never read an incident's own title or its room's address: both are for colleagues.
    title = "Service update" if audience == "customers" else f"SEV{incident.severity} {incident.title}"
    public = PublicIncident.objects.filter(strangers_only(), updates__update=update).select_related("page").first()
    if audience == "customers":
        title = public.title if public else title
        url = f"{page_url(public.page)}#incident-{public.pk}" if public else ""
    else:
        url = f"{conf.current().url}/incidents/{incident.pk}"
    message = Message(
        key=f"update-{update.pk}-{recipient.pk}",
        subject=f"{title}: {update.get_stage_display()}",
        body="\n\n".join(lines),
        url=url,
        purpose="update",
        urgent=False,
        drill=incident.drill,
        for_strangers=audience == "customers",
        facts={
            "update": update.pk,
            "stage": update.stage,
            "audience": audience,
            "corrects": update.corrects_id,
            "next_update_at": update.next_update_at.isoformat() if update.next_update_at else None,
            "thread": f"updates-{incident.pk}-{recipient.list_id}",
            **({} if audience == "customers" else {"incident": incident.pk, "severity": incident.severity}),
        },
    )
    channel = channels().get(recipient.channel)
    if channel is None:
        raise DeliveryFailed(
            f"There is no channel {recipient.channel!r} any more.", permanent=True, fix="Take it off the list."
        )
    handed: Handed = channel.send(recipient.settings, message)
    return handed


# --- Subscribers ---


def _to_subscriber(delivery: Delivery, subscriber: Subscriber) -> Handed | None:
    announcement = delivery.announcement
    if announcement is None:
        telling: Telling | None = _question(subscriber)
    else:
        telling = _said(announcement, subscriber)
    if telling is None:
        return None
    manage = f"{page_url(subscriber.page)}/subscription?token={link_token(subscriber, 'manage')}"
    match subscriber.kind:
        case Subscriber.Kind.EMAIL:
            return _mail(delivery, subscriber, telling, manage)
        case Subscriber.Kind.SLACK:
            return _slack(subscriber, telling, manage)
        case _:
            return _webhook(delivery, subscriber, telling, manage)


def _question(subscriber: Subscriber) -> Telling:
    """Whether they really want it; for who is told already, where they can change that."""
    if subscriber.state == Subscriber.State.ACTIVE:
        text = gettext("Somebody has asked to be told at this address. You are told already; nothing has changed.")
        return Telling(f"{subscriber.page.name}: {gettext('Your subscription')}", text, "")
    link = f"{page_url(subscriber.page)}/confirm?token={link_token(subscriber, 'confirm')}"
    text = gettext(
        "Somebody has asked that we tell you at this address how our services are. If it was not you, do nothing."
    )
    return Telling(f"{subscriber.page.name}: {gettext('Confirm your subscription')}", text, link)


def _said(announcement: Announcement, subscriber: Subscriber) -> Telling | None:
    page = subscriber.page
    if announcement.update is not None:
        update = announcement.update
        rows = PublicIncident.objects.filter(strangers_only(), page=page, updates__update=update)
        public = rows.first()
        if public is None:  # it has become a drill, a test or private
            return None
        said = parts(update)
        lines = [said[part] for part in ("happening", "impact", "doing") if said[part]]
        if update.corrects_id:
            lines.insert(0, gettext("This corrects an earlier update."))
        if update.next_update_at:
            lines.append(f"{gettext('Next update by')} {when(update.next_update_at)}")
        stage = gettext(Update.Stage(update.stage).label)
        return Telling(
            f"{page.name}: {public.title} – {stage}", "\n\n".join(lines), f"{page_url(page)}#incident-{public.pk}"
        )
    note = announcement.note
    assert note is not None
    row = note.maintenance
    lines = [note_text(note), f"{when(row.starts_at)} – {when(row.ends_at)}"]
    stage = gettext(note.get_stage_display())
    return Telling(f"{page.name}: {row.title} – {stage}", "\n\n".join(lines), f"{page_url(page)}#maintenance-{row.pk}")


def _mail(delivery: Delivery, subscriber: Subscriber, telling: Telling, manage: str) -> Handed:
    configured = conf.current()
    if not configured.smtp_url:
        raise DeliveryFailed("No mail server is set, so Watchroom can't send mail.", fix="Set WATCHROOM_SMTP_URL.")
    sender, recipient = sender_of(configured.mail_from), parse_address(subscriber.settings["address"])
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = sender if sender.display_name else f"{one_line(subscriber.page.name, 60)} <{sender.addr_spec}>"
    mail["To"] = str(recipient.addr_spec)
    mail["Subject"] = one_line(telling.subject)
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = f"<status.{delivery.pk}.{subscriber.fingerprint[:16]}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["Content-Language"] = subscriber.language
    if delivery.announcement_id:
        mail["List-Unsubscribe"] = f"<{manage}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    context = {
        "telling": telling,
        "page": subscriber.page,
        "page_url": page_url(subscriber.page),
        "manage": manage if subscriber.state == Subscriber.State.ACTIVE else "",
        "language": subscriber.language,
        "asks": not delivery.announcement_id,
    }
    mail.set_content(render_to_string("status/mail/told.txt", context), cte="quoted-printable")
    mail.add_alternative(render_to_string("status/mail/told.html", context), subtype="html", cte="quoted-printable")
    smtp.deliver(smtp.Server.of(configured.smtp_url), mail, sender.addr_spec, recipient.addr_spec)
    return Handed(provider_id=str(mail["Message-ID"]))


def _slack(subscriber: Subscriber, telling: Telling, manage: str) -> Handed:
    def plain(text: str) -> str:
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    links = [f"<{telling.url}|{gettext('Open')}>"] if telling.url else []
    if subscriber.state == Subscriber.State.ACTIVE:
        links.append(f"<{manage}|{gettext('Change or stop this')}>")
    text = f"*{plain(telling.subject)}*\n{plain(telling.text)}\n{' · '.join(links)}"
    section = {"type": "section", "text": {"type": "mrkdwn", "text": text[:3000]}}
    body = {"text": plain(telling.subject), "blocks": [section]}
    answers.post(
        subscriber.settings["url"],
        content=msgspec.json.encode(body),
        headers={"Content-Type": "application/json"},
        public_only=True,
    )
    return Handed()


def _webhook(delivery: Delivery, subscriber: Subscriber, telling: Telling, manage: str) -> Handed:
    content = msgspec.json.encode(webhook_body(delivery, subscriber, telling, manage))
    at = int(clock.now().timestamp())
    answer = answers.post(
        subscriber.settings["url"],
        content=content,
        headers={
            "Content-Type": "application/json",
            "Idempotency-Key": f"status-{delivery.pk}",
            "Watchroom-Timestamp": str(at),
            "Watchroom-Signature": signature(subscriber.settings["secret"], at, content),
        },
        public_only=True,
    )
    return Handed(provider_id=answers.provider_id(answer))


def webhook_body(delivery: Delivery, subscriber: Subscriber, telling: Telling, manage: str) -> dict[str, Any]:
    """Statuspage's shape (https://support.atlassian.com/statuspage/docs/enable-webhook-notifications): ``meta``,
    ``page`` and ``incident``. The request to confirm brings the secret that signs all others."""
    announcement, page = delivery.announcement, subscriber.page
    if announcement is None:
        return {
            "meta": {"documentation": f"{page_url(page)}/subscribe"},
            "page": {"id": page.slug, "name": page.name},
            "confirm": {"text": telling.text, "url": telling.url, "signing_secret": subscriber.settings["secret"]},
        }
    shown = view(page, clock.now())
    with translation.override("en"):
        if announcement.update_id is not None:
            rows = [row for row in (*shown.open, *shown.past) if _tells(row, announcement.update_id)]
            told = statuspage.incident(shown, rows[0]) if rows else {"name": telling.subject}
        else:
            assert announcement.note is not None
            row = next((each for each in shown.maintenance if each.pk == announcement.note.maintenance_id), None)
            told = statuspage.maintenance(shown, row) if row is not None else {"name": telling.subject}
    state = statuspage.status(shown)
    return {
        "meta": {"unsubscribe": manage, "documentation": f"{page_url(page)}/subscribe"},
        "page": {
            "id": page.slug,
            "status_indicator": state["indicator"],
            "status_description": state["description"],
        },
        "incident": told,
    }


def _tells(row: PublicIncident, update: int) -> bool:
    return any(each.update_id == update for each in row.shown)  # type: ignore[attr-defined]
