"""How I am reached: contact methods and rules."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from ...accounts.models import Person
from ...channels.base import loudest_first, missing_for
from ...kernel import clock
from ...kernel.errors import NotFound, Refused
from ...kernel.numbers import whole
from ...kernel.plugins import all_of
from ...web.middleware import actor_of
from .. import commands
from ..commands.bundles import limit_of
from ..commands.contact import channel_named, parse_hour
from ..models import ContactMethod, Notification, QuietHours, Urgency
from ..people import Roster
from ..queries import missing_ways
from ..waking import at_night, trouble_at_night


def _me(request: HttpRequest) -> Person:
    person = actor_of(request).person
    assert person is not None  # pages are for people; tokens use the API
    return person


def index(request: HttpRequest) -> HttpResponse:
    """My contact methods, my rules, and a form for each channel."""
    me = _me(request)
    methods = list(me.contact_methods.all())
    rules = {
        urgency: {
            rule.contact_method_id: rule.wait_seconds // 60 for rule in me.notification_rules.filter(urgency=urgency)
        }
        for urgency in Urgency.values
    }
    channels = loudest_first(all_of("watchroom.channels").values())
    missing = {each.name: missing_for(each) for each in channels}
    night = at_night(me, Roster(clock.now()))
    context = {
        "methods": methods,
        "channels": [each for each in channels if each.name != "push" and not missing[each.name]],
        "unready": [(each, missing[each.name]) for each in channels if missing[each.name]],
        "broken": {method.pk: missing[method.channel] for method in methods if missing.get(method.channel)},
        "me": me,
        "planned": missing_ways(me),
        "quiet": QuietHours.objects.filter(person=me).first(),
        "away": me.absences.filter(paged=False, starts_at__lte=clock.now(), ends_at__gt=clock.now()),
        "limits": [(method, limit_of(method)) for method in methods],
        "urgencies": [
            (value, label, [(method, rules[value].get(method.pk, "")) for method in methods])
            for value, label in Urgency.choices
        ],
        "tests": Notification.objects.filter(person=me, purpose=Notification.Purpose.TEST).prefetch_related("attempts")[
            :5
        ],
        "at_night": _in_words(night),
        "trouble": trouble_at_night(night),
    }
    template = "paging/_tests.html" if request.headers.get("HX-Request") else "paging/contact.html"
    return render(request, template, context)


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Add a contact method."""
    by = actor_of(request)
    channel = channel_named(request.POST.get("channel", ""))
    settings = {field.name: request.POST[field.name] for field in channel.fields if request.POST.get(field.name)}
    method = commands.add_contact_method(
        by, _me(request), channel=channel.name, label=request.POST.get("label", ""), settings=settings
    )
    messages.success(request, "Added. Try it with a test page, to be sure.")
    return _back_to(method)


def _back_to(method: ContactMethod) -> HttpResponse:
    """The page, at the place of one way: on a telephone it is a long page."""
    return redirect(f"{reverse('my-contact')}#way-{method.pk}")


def _in_words(ways: Sequence[tuple[ContactMethod, int]]) -> list[tuple[int, str]]:
    """After how many seconds, and by what; those of one moment together."""
    found = []
    for wait, together in groupby(ways, key=lambda each: each[1]):
        *first, last = [method.label for method, _ in together]
        found.append((wait, f"{', '.join(first)} and {last}" if first else last))
    return found


@require_POST
def act(request: HttpRequest, pk: int, what: str) -> HttpResponse:
    """Test, enable, disable or remove one of my contact methods."""
    actor, method = (
        actor_of(request),
        ContactMethod.objects.filter(pk=pk, person=_me(request)).select_related("person").first(),
    )
    if method is None:
        raise NotFound(f"You have no contact method {pk}.", field="id", value=pk, fix="Reload the page.")
    if what == "test":
        commands.test_contact_method(actor, method)
    elif what == "code":
        commands.send_code(actor, method)
        messages.success(request, f"A code is on its way by {method.label}.")
    elif what == "confirm":
        commands.confirm_code(actor, method, request.POST.get("code", ""))
        messages.success(request, f"{method.label} reaches you.")
    elif what in {"enable", "disable"}:
        commands.enable_contact_method(actor, method, what == "enable")
    elif what == "limit":
        commands.set_limit(
            actor,
            method,
            count=_number(request, "limit_count"),
            seconds=_number(request, "limit_seconds"),
            collect_seconds=_number(request, "collect_seconds") or 0,
        )
        messages.success(request, "Saved.")
    elif what == "remove":
        commands.remove_contact_method(actor, method)
    else:
        raise NotFound(
            "A contact method can't do that.",
            field="what",
            value=what,
            fix="Use test, code, confirm, enable, disable, limit or remove.",
        )
    return redirect("my-contact") if what in {"remove", "limit"} else _back_to(method)


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.POST.get(name, "").strip()
    if not text:
        return None
    if (number := whole(text, 6)) is None:
        raise Refused("That is not a whole number.", field=name, value=text[:20], fix="Use digits only.")
    return number


@require_POST
def quiet_hours(request: HttpRequest) -> HttpResponse:
    """Set my quiet hours; both empty means none."""
    starts, ends = (parse_hour(request.POST.get(name, ""), name) for name in ("starts", "ends"))
    commands.set_quiet_hours(actor_of(request), _me(request), starts, ends)
    messages.success(request, "Saved.")
    return redirect("my-contact")


@require_POST
def rules(request: HttpRequest) -> HttpResponse:
    """Set my rules of one urgency: a wait in minutes for each method; empty means not at all."""
    me = _me(request)
    chosen = []
    for method in me.contact_methods.all():
        text = request.POST.get(f"wait-{method.pk}", "").strip()
        if text:
            if (minutes := whole(text, 6)) is None:
                raise Refused(
                    "That is not a number of minutes.",
                    field="wait",
                    value=text[:20],
                    fix="Use 0 for at once, or 1 to 60.",
                )
            chosen.append((method.pk, minutes * 60))
    commands.set_rules(actor_of(request), me, request.POST.get("urgency", ""), chosen)
    messages.success(request, "Saved.")
    return redirect("my-contact")
