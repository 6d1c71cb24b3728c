"""How I am reached: contact methods and rules."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.models import Person
from ...kernel.errors import NotFound, Refused
from ...kernel.plugins import all_of
from ...web.middleware import actor_of
from .. import commands
from ..commands.contact import channel_named
from ..models import ContactMethod, Notification, Urgency


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
    context = {
        "methods": methods,
        "channels": [each for each in all_of("watchroom.channels").values() if each.name != "push"],
        "urgencies": [
            (value, label, [(method, rules[value].get(method.pk, "")) for method in methods])
            for value, label in Urgency.choices
        ],
        "tests": Notification.objects.filter(person=me, purpose=Notification.Purpose.TEST).prefetch_related("attempts")[
            :5
        ],
        "at_night": [
            rule
            for rule in me.notification_rules.filter(urgency="high").select_related("contact_method")
            if rule.contact_method.enabled
        ],
    }
    template = "paging/_tests.html" if request.headers.get("HX-Request") else "paging/contact.html"
    return render(request, template, context)


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Add a contact method."""
    channel = channel_named(request.POST.get("channel", ""))
    settings = {field.name: request.POST[field.name] for field in channel.fields if request.POST.get(field.name)}
    commands.add_contact_method(
        actor_of(request), _me(request), channel=channel.name, label=request.POST.get("label", ""), settings=settings
    )
    messages.success(request, "Added. Send a test page to be sure.")
    return redirect("my-contact")


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
    elif what == "remove":
        commands.remove_contact_method(actor, method)
    else:
        raise NotFound(
            "A contact method can't do that.",
            field="what",
            value=what,
            fix="Use test, code, confirm, enable, disable or remove.",
        )
    return redirect("my-contact")


@require_POST
def rules(request: HttpRequest) -> HttpResponse:
    """Set my rules of one urgency: a wait in minutes for each method; empty means not at all."""
    me = _me(request)
    chosen = []
    for method in me.contact_methods.all():
        text = request.POST.get(f"wait-{method.pk}", "").strip()
        if text:
            if not text.isdigit():
                raise Refused(
                    "That is not a number of minutes.", field="wait", value=text, fix="Use 0 for at once, or 1 to 60."
                )
            chosen.append((method.pk, int(text) * 60))
    commands.set_rules(actor_of(request), me, request.POST.get("urgency", ""), chosen)
    messages.success(request, "Saved.")
    return redirect("my-contact")
