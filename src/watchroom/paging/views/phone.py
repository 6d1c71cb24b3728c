"""What telephone providers tell us: a key that was pressed, a text that came back, whether somebody was reached.

Every request has to be signed by one of our accounts (`channels/phones/`) for the very address that we gave.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from ...accounts.actors import Actor
from ...channels.base import Message
from ...channels.phones.accounts import who_signed
from ...channels.phones.numbers import read_number
from ...channels.phones.provider import Account, Told
from ...channels.phones.texts import plainer
from ...channels.voice import spoken, to_machine
from ...kernel import clock
from ...kernel import settings as conf
from ...kernel.errors import NotAllowed, Refused, WatchroomError
from ...web.answers import answer_all, escalate_all, group_of, settled
from .. import commands, links
from ..duties import message_for
from ..models import Notification
from ..together import bundle_of

log = logging.getLogger(__name__)
_YES = {"1", "ack", "acknowledge", "ok", "yes", "ja", "y"}
_REPLY_WITHIN = timedelta(hours=24)


def _read(request: HttpRequest) -> tuple[Account, Told]:
    """The account that has made a request, and what it says.

    :raises NotAllowed: none of our accounts has signed this.
    """
    told = Told(
        f"{conf.current().url}{request.get_full_path()}",
        {name: request.POST.getlist(name) for name in request.POST},
        request.headers,
    )
    account = who_signed(told)
    if account is None:
        raise NotAllowed(
            "This is not signed by a telephone account of ours.",
            fix="WATCHROOM_URL must be the address that the provider uses, and WATCHROOM_PHONE_URLS hold its account.",
        )
    return account, told


def _xml(text: str) -> HttpResponse:
    return HttpResponse(f'<?xml version="1.0" encoding="UTF-8"?>{text}', content_type="text/xml; charset=utf-8")


def _by(notification: Notification, means: str) -> Actor:
    return Actor(kind="link", name=f"{notification.person} by {means}", person=notification.person)


def _take(by: Actor, notification: Notification) -> str:
    """Answer what somebody was told of; says what came of it."""
    commands.mark_seen(by, notification)
    escalation = notification.escalation
    if escalation is None:
        return "Thank you. This is how a page reaches you."
    together = notification.bundle_id is not None
    if (done := settled(escalation)) is not None and not together:
        return done.text
    try:
        taken = answer_all(by, notification)
    except WatchroomError as error:
        return error.message
    if together:
        return f"{taken} are yours. Nobody else is paged." if taken else "All of them have been answered."
    return "It is yours. Nobody else is paged."


@csrf_exempt  # signed by the provider
@require_POST
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """Whether a message arrived, or a call was answered by somebody."""
    account, told = _read(request)
    outcome = account.outcome(told)
    if outcome is not None:
        commands.record_receipt(links.read(token, "phone"), arrived=outcome.arrived, why=outcome.why, rang=outcome.rang)
    return HttpResponse(status=204)


@csrf_exempt  # signed by the provider
@require_POST
def key(request: HttpRequest, token: str) -> HttpResponse:
    """A call that asks what to say, a key that was pressed in it, or what has answered it. A voicemail keeps nothing of
    what is wrong, and the person's next way follows at once."""
    account, told = _read(request)
    notification = links.read(token, "phone")
    message = message_for(bundle_of(notification))
    if request.GET.get("heard") == "machine":
        return _xml(account.voicemail(to_machine(message), message.answer_url))
    if (is_machine := account.machine_answered(told)) is not None:
        if is_machine:
            _leave_word(account, told, notification, message)
        return HttpResponse(status=204)
    pressed = account.pressed(told)
    if pressed is None:
        return _xml(account.menu(spoken(message), message.answer_url))
    by = _by(notification, "telephone")
    match pressed:
        case "1":
            return _xml(account.farewell(_take(by, notification)))
        case "9" if notification.escalation and group_of(notification.escalation) is not None:
            commands.mark_seen(by, notification)
            try:
                count = escalate_all(by, notification)
            except WatchroomError as error:
                return _xml(account.farewell(error.message))
            said = "The next people are being paged now." if count else "It is resolved: nothing needs to be done."
            return _xml(account.farewell(said))
    # Whoever is half asleep may hit any key: they hear once more what there is.
    return _xml(account.menu(f"That key does nothing. {spoken(message)}", message.answer_url))


def _leave_word(account: Account, told: Told, notification: Notification, message: Message) -> None:
    """A machine has the call: the next way goes first, then the machine is told that there was a page."""
    commands.record_receipt(notification, arrived=False, why="a machine answered the call", rang=True)
    try:
        account.redirect(told, f"{message.answer_url}?heard=machine")
    except WatchroomError as error:
        log.warning("No word could be left on a voicemail: %s", error)


@csrf_exempt  # signed by the provider
@require_POST
def text(request: HttpRequest) -> HttpResponse:
    """A text that came back: 1 acknowledges the newest open page that was sent to that number."""
    account, told = _read(request)
    sender, said = account.reply_of(told)
    try:
        number = read_number(sender)
    except Refused:
        return _xml(account.reply(told, ""))
    waiting = _open_pages(number)
    if not waiting:
        return _xml(account.reply(told, "Nothing is waiting for an answer from this number."))
    what = plainer(waiting[0].subject)
    if said.strip().lower().rstrip(".!") not in _YES:
        return _xml(account.reply(told, f"Reply 1 to acknowledge: {what[:100]}"))
    answer_text = _take(_by(waiting[0], "text message"), waiting[0])
    more = f" {_more_open(len(waiting) - 1)}: reply 1 again." if len(waiting) > 1 else ""
    return _xml(account.reply(told, f"{what[:80]}: {plainer(answer_text)}{more}"))


def _more_open(count: int) -> str:
    return "1 more is open" if count == 1 else f"{count} more are open"


def _open_pages(number: str) -> list[Notification]:
    """What was sent to this number and still wants an answer, the newest first; each escalation once."""
    sent = (
        Notification.objects.filter(
            contact_method__channel__in=("sms", "voice"),
            created_at__gt=clock.now() - _REPLY_WITHIN,
            state__in=(Notification.State.SENT, Notification.State.DELIVERED),
            purpose__in=(Notification.Purpose.PAGE, Notification.Purpose.ROLE, Notification.Purpose.TEST),
        )
        .select_related("contact_method", "escalation", "person")
        .order_by("-id")
    )
    found: dict[object, Notification] = {}
    for row in sent:
        if row.contact_method is None or row.contact_method.settings.get("number") != number:
            continue
        done = row.seen_at is not None if row.escalation is None else settled(row.escalation) is not None
        if not done:
            found.setdefault(row.bundle_id or f"{row.escalation_id}" if row.escalation_id else f"test {row.pk}", row)
    return list(found.values())
