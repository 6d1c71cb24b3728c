"""The list of alert groups, and the page that is read at three in the morning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.actors import Actor
from ...accounts.models import Membership, Person, Team
from ...accounts.queries import numbers_of_team, person_by
from ...accounts.roles import Action
from ...api.pages import page
from ...catalog.models import Service, ServiceLink
from ...incidents.queries import visible_to as incidents_visible_to
from ...kernel import clock
from ...kernel.errors import NotFound, Refused, WatchroomError
from ...kernel.finding import one
from ...kernel.numbers import whole, wholes
from ...paging.models import Approval, Escalation
from ...paging.proposed import as_they_are
from ...paging.queries import notifications_visible_to, trace
from ...paging.views.respond import next_of
from ...runbooks.queries import fitting_group
from ...web.middleware import actor_of
from .. import commands
from ..holding import page_of
from ..models import Alert, AlertGroup, GroupEvent, Severity, Verdict
from ..queries import alerts_of, folded_under, groups_visible_to
from ..rules.summary import saying, shared
from ..summing import MOST, summary_of
from ..why import why

STATES = {"open": "Open", "firing": "Firing", "acknowledged": "Acknowledged", "resolved": "Resolved", "all": "All"}
FOLDED_SHOWN = 20
RUNBOOKS_SHOWN = 3
ALERTS_SHOWN, ALERTS_AT_ONCE, EVENTS_SHOWN = 20, 6, 20
DONE = {"acknowledge": "Acknowledged", "resolve": "Resolved"}


def group_for(actor: Actor, pk: int) -> AlertGroup:
    """One alert group. Raises ``NotFound`` when there is none that ``actor`` may see."""
    return one(groups_visible_to(actor), "alert group", pk=pk)


DURATIONS = ((30, "30 minutes"), (60, "1 hour"), (120, "2 hours"), (240, "4 hours"), (480, "8 hours"), (1440, "1 day"))


def filtered(groups: QuerySet[AlertGroup], given: dict[str, str], actor: Actor) -> QuerySet[AlertGroup]:
    """``groups`` narrowed by ``state``, ``severity``, ``service`` (slug), ``team`` (slug or ``mine``), ``who`` (``me``:
    acknowledged by me, or I was paged for it) and ``q``."""
    state = given.get("state") or "open"
    if state == "open":
        groups = groups.filter(resolved_at__isnull=True)
    elif state == "firing":
        groups = groups.filter(resolved_at__isnull=True, acknowledged_at__isnull=True)
    elif state == "acknowledged":
        groups = groups.filter(resolved_at__isnull=True, acknowledged_at__isnull=False)
    elif state == "resolved":
        groups = groups.filter(resolved_at__isnull=False)
    elif state != "all":
        raise Refused("There is no such state.", field="state", value=state, fix=f"Use one of {', '.join(STATES)}.")
    if severity := given.get("severity"):
        groups = groups.filter(severity=severity)
    if service := given.get("service"):
        groups = groups.filter(service__slug=service)
    if team := given.get("team"):
        groups = (
            groups.filter(team__in=Membership.objects.filter(person=actor.person).values("team"))
            if team == "mine"
            else groups.filter(team__in=numbers_of_team(team))
        )
    if given.get("who") == "me":
        asked = Escalation.objects.filter(kind=Escalation.Kind.ALERT_GROUP, notifications__person=actor.person)
        groups = groups.filter(Q(acknowledged_by=actor.person) | Q(pk__in=asked.values("subject_id")))
    if text := given.get("q"):
        named = Service.objects.filter(name__icontains=text)  # looked for once, and not beside each alert group
        groups = groups.filter(Q(title__icontains=text) | Q(service__in=named))
    return groups


def index(request: HttpRequest) -> HttpResponse:
    """All alert groups, one line each; every filter stands in the address."""
    actor = actor_of(request)
    groups = filtered(groups_visible_to(actor), request.GET.dict(), actor)
    # What is open is read by what moved last; what is over by when it opened.
    key = "-last_alert_at" if request.GET.get("state", "") in {"", "open", "firing", "acknowledged"} else "-id"
    rows, older = page(groups, cursor=request.GET.get("after"), limit=50, key=key)
    context = {
        "groups": rows,
        "older": older,
        "states": STATES.items(),
        "severities": Severity.choices,
        "services": Service.objects.order_by("name"),
        "teams": Team.objects.all(),
        "filtered": any(request.GET.get(name) for name in ("q", "severity", "service", "team", "who", "state")),
    }
    return render(request, "intake/alert_groups.html", context)


def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One alert group: what it is, what happens next, and one big button."""
    actor = actor_of(request)
    group = group_for(actor, pk)
    escalation = group.escalations.first()
    lines = trace(escalation, actor) if escalation else []
    held_until = (group.held or {}).get("until")
    alerts = Paginator(alerts_of(group), ALERTS_SHOWN).get_page(request.GET.get("page"))
    events = list(group.events.select_related("person").order_by("-id")[:100])
    links = list(group.service.links.all()) if group.service else []
    answered = _answered(escalation)
    coming = next_of(lines)
    proposed = as_they_are(escalation.approvals.select_related("decided_by", "escalation__team")) if escalation else []
    may_respond = actor.may(Action.RESPOND, group.team) or (
        escalation and escalation.notifications.filter(person=actor.person).exists()
    )
    # What waits for a word stands where the thumb is; what is decided, beside.
    waiting = [each for each in proposed if each.state == Approval.State.OPEN and may_respond and not group.resolved_at]
    still_paging = coming is not None and group.state == "acknowledged" and not group.snoozed
    has_it = actor.person is not None and group.acknowledged_by_id == actor.person.pk
    context = {
        "group": group,
        "held_page": page_of(group.held) if group.held else "",
        "also_answered": [person for person in answered if person.pk != group.acknowledged_by_id],
        "is_wanted_too": still_paging and not has_it and actor.person not in answered,
        "may_answer_again": still_paging and has_it and not answered,  # it was escalated once more
        "held_until": datetime.fromisoformat(held_until) if held_until else None,
        "alerts": alerts,
        **_told_once(group, list(alerts)),
        "differing": summary_of(group) if max(group.firing, group.total) > 1 else (),
        "counted": MOST,
        **_folded(group, actor),
        "events": events[:EVENTS_SHOWN],
        "earlier": events[EVENTS_SHOWN:],
        "taken_there": _taken_there(group, events),
        "escalation": escalation,
        "trace": lines,
        "messages_sent": notifications_visible_to(actor)
        .filter(escalation=escalation)
        .prefetch_related("attempts")
        .order_by("-id")[:50]
        if escalation
        else (),
        "next": coming,
        "may_respond": may_respond,
        "waiting": waiting,
        "proposed": [each for each in proposed if each not in waiting],
        "verdicts": Verdict.choices,
        "people": Person.objects.filter(is_active=True).exclude(pk=actor.person.pk if actor.person else 0)
        if request.GET.get("choices") == "all"
        else (),
        "responders": group.responders.select_related("person", "escalation", "added_by"),
        "durations": DURATIONS,
        "links": links,
        "runbooks": _runbooks(actor, group, alerts, links),
        "incidents": incidents_visible_to(actor).filter(alert_groups=group).select_related("state"),
    }
    template = "intake/alert_group_part.html" if request.headers.get("HX-Request") else "intake/alert_group.html"
    return render(request, template, context)


def _told_once(group: AlertGroup, alerts: list[Alert]) -> dict[str, object]:
    """What these alerts have in common, which is read once for all of them; each keeps only what is its own."""
    said = saying([alert.annotations for alert in alerts])
    labels, notes = shared([alert.labels for alert in alerts]), shared([alert.annotations for alert in alerts])
    rows = []
    for alert in alerts:
        held = alert.held if alert.ended_at is None else None
        rows.append(
            {
                "alert": alert,
                "held_page": page_of(held) if held else "",
                "title": alert.title if len(alerts) == 1 or alert.title != group.title else "",
                "labels": {name: value for name, value in alert.labels.items() if name not in labels},
                "notes": _worth_reading(alert.annotations, said, notes),
            }
        )
    return {
        "said": said,
        "shared_labels": labels,
        "shared_notes": _worth_reading(notes, said),
        "rows": rows[:ALERTS_AT_ONCE],
        "more_rows": rows[ALERTS_AT_ONCE:],
    }


def _worth_reading(
    notes: Mapping[str, object], said: str, elsewhere: Mapping[str, object] | None = None
) -> dict[str, object]:
    """Annotations without the title, what stands at the top of the page, what is told ``elsewhere``, and what is empty or, as
    its name's beginning says, for programs."""
    told = {"summary", *(elsewhere or {})}
    left = {name: value for name, value in notes.items() if name not in told and not name.startswith("__")}
    return {name: value for name, value in left.items() if str(value).strip() not in ("", said)}


def _answered(escalation: Escalation | None) -> list[Person]:
    """Those who have answered, where several have to."""
    if escalation is None or escalation.plan.get("answers", 1) < 2:
        return []
    return [row.person for row in escalation.answers.select_related("person")]


def _taken_there(group: AlertGroup, events: Iterable[GroupEvent]) -> str:
    """What was said with an acknowledgement that came from the sender: nobody here is known to have it."""
    if group.acknowledged_by_id is not None or group.resolved_at:
        return ""
    return next((event.text for event in events if event.kind == GroupEvent.Kind.ACKNOWLEDGED), "")


def _runbooks(
    actor: Actor, group: AlertGroup, alerts: Iterable[Alert], links: Iterable[ServiceLink]
) -> list[tuple[str, str, bool]]:
    """Where it says what to do, each with a name and whether it is elsewhere: the runbooks of ours that fit, best first; then where
    the alerts say, or else their service does, which need no name where they stand alone."""
    ours = [(f"/runbooks/{row.slug}?alert={group.pk}", row.name, False) for row in fitting_group(actor, group, alerts)]
    said = (alert.annotations.get(name, "") for alert in alerts for name in ("runbook_url", "runbook"))
    own = [url for url in said if url.startswith(("https://", "http://"))]
    found = own or [link.url for link in links if link.kind == ServiceLink.Kind.RUNBOOK]
    elsewhere = [(url, url.split("/", 3)[2] if ours else "", True) for url in dict.fromkeys(found)]
    return [*ours, *elsewhere][:RUNBOOKS_SHOWN]


def _folded(group: AlertGroup, actor: Actor) -> dict[str, object]:
    """What pages nobody because of this group; only one that is critical, open and not held itself has any."""
    if group.severity != Severity.CRITICAL or group.resolved_at or group.held is not None:
        return {}
    rows = folded_under(group, actor)
    return {"folded": rows[:FOLDED_SHOWN], "folded_count": rows.count()}


def why_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Why somebody was paged for it, or nobody."""
    actor = actor_of(request)
    group = group_for(actor, pk)
    found = why(group, actor)
    return render(request, "intake/why.html", {"group": group, "back": f"/alerts/{pk}", "why": found})


@require_POST
def act(request: HttpRequest, pk: int, what: str) -> HttpResponse:
    """Acknowledge, give back, resolve, escalate, snooze, give away, ask for help, judge, or write a note."""
    actor = actor_of(request)
    group = group_for(actor, pk)
    given = request.POST
    if what == "on-it":
        commands.acknowledge(actor, group, until=_until(actor, given))
    elif what == "snooze":
        commands.snooze(actor, group, _until(actor, given))
    elif what == "reassign":
        commands.reassign(actor, group, person_by(given.get("person", "")), note=given.get("text", ""))
    elif what == "responder":
        commands.add_responder(actor, group, person_by(given.get("person", "")), note=given.get("text", ""))
    else:
        _do(actor, group, what, given.get("text", ""))
    return redirect("alert-group", pk)


def _until(actor: Actor, given: QueryDict) -> datetime:
    """The next time at which it is ``until`` o'clock where the person lives, or ``minutes`` from now."""
    if text := given.get("until", "").strip():
        try:
            clock_time = time.fromisoformat(text).replace(tzinfo=None)
        except ValueError:
            raise Refused("That is not a time.", field="until", value=text, fix="Write it like 15:00.") from None
        zone = ZoneInfo(actor.person.timezone if actor.person else "UTC")
        here = clock.now().astimezone(zone)
        then = datetime.combine(here.date(), clock_time, zone)
        return (then if then > here else then + timedelta(days=1)).astimezone(UTC)
    written = given.get("minutes", "")
    if (minutes := whole(written)) is None:
        raise Refused(
            "That is not a number of minutes.", field="minutes", value=written[:40], fix="Use a whole number."
        )
    return clock.now() + timedelta(minutes=min(minutes, 10**6))


def _do(actor: Actor, group: AlertGroup, what: str, text: str = "") -> None:
    simple = {
        "acknowledge": commands.acknowledge,
        "unacknowledge": commands.unacknowledge,
        "resolve": commands.resolve,
        "escalate": commands.escalate_now,
        "page-now": commands.page_now,
    }
    if what == "judge":
        commands.judge(actor, group, text)
    elif what == "note":
        commands.add_note(actor, group, text)
    elif what in simple:
        simple[what](actor, group)
    else:
        raise NotFound(
            "An alert group can't do that.", field="what", value=what, fix=f"Use {', '.join(simple)} judge or note."
        )


@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """Acknowledge or resolve several groups at once. What can't be done to one does not keep it from the others."""
    actor, what = actor_of(request), request.POST.get("what", "")
    if what not in DONE:
        raise Refused("That can't be done to several.", field="what", value=what, fix=f"Use {' or '.join(DONE)}.")
    chosen = wholes(request.POST.getlist("selected"))
    done, refused = 0, []
    for group in groups_visible_to(actor).filter(pk__in=chosen, resolved_at__isnull=True):
        try:
            _do(actor, group, what)
            done += 1
        except WatchroomError as error:
            refused.append(f"{group}: {error}")
    if done:
        messages.success(request, f"{DONE[what]} {done} alert group{'s' if done != 1 else ''}.")
    for text in refused[:5]:
        messages.error(request, text)
    if not chosen:
        messages.warning(request, "Choose at least one alert group.")
    back = request.META.get("HTTP_REFERER", "")
    return redirect(back if back.startswith(request.build_absolute_uri("/")) else "alert-groups")
