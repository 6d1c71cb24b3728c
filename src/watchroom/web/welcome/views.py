"""The pages of the walk. Each shows what there is already, so that one may come back to any of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from ...accounts import commands as accounts
from ...accounts import first_run
from ...accounts.actors import Actor
from ...accounts.models import Person
from ...accounts.queries import is_set_up
from ...accounts.roles import Action
from ...catalog.models import Service
from ...channels.base import loudest_first, missing_for
from ...intake.models import AlertGroup, Integration
from ...intake.queries import signals_of
from ...kernel import secrets
from ...kernel import settings as conf
from ...kernel.errors import NotAllowed, NotFound, NotSignedIn, Refused, WatchroomError
from ...kernel.plugins import all_of
from ...paging.commands import add_contact_method, mark_seen
from ...paging.models import ContactMethod, Notification
from ..middleware import actor_of
from . import walk
from .forms import ContactForm, SourceForm, TeamForm, YouForm

_ALLOWED = "first_run_allowed"
_KEY = "first_run_key"
_ELSEWHERE = {"browser", "push"}  # one is there already, the other is a button


def _page(request: HttpRequest, step: int, template: str, **context: Any) -> HttpResponse:
    form = context.get("form")
    return render(
        request,
        f"welcome/{template}.html",
        {"steps": walk.STEPS, "step": step, "made": walk.state()} | context,
        status=422 if form is not None and form.errors else 200,
    )


def _administrator(request: HttpRequest) -> tuple[Actor, Person]:
    by = actor_of(request)
    by.require(Action.ADMINISTER)
    if by.person is None:
        raise NotSignedIn
    return by, by.person


def _blame(form: Any, error: WatchroomError, *, fields: dict[str, str] | None = None) -> None:
    field = (fields or {}).get(error.field, error.field)
    form.add_error(field if field in form.fields else None, str(error))


@never_cache
def you(request: HttpRequest) -> HttpResponseBase:
    """Step 1, for whoever may: the account of the first administrator. Afterwards, the way to the step that is next."""
    if is_set_up():
        _administrator(request)
        made = walk.state()
        return redirect("/" if made.get("finished") else walk.next_page(made))
    token = request.POST.get("token") or request.GET.get("token")
    if token:
        try:
            first_run.check_token(token)
        except NotAllowed as error:
            messages.error(request, str(error))
            return redirect("welcome")
        request.session[_ALLOWED] = True
        return redirect("welcome")  # the token leaves the address
    if not (request.session.get(_ALLOWED) or first_run.is_operator(request)):
        if request.method == "POST":
            raise NotAllowed(
                "Only the operator of this installation may set it up.",
                fix="Open the address that `watchroom serve` prints.",
            )
        return _page(request, 1, "locked")
    form = YouForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person = accounts.set_up(**form.cleaned_data)
        except Refused as error:
            _blame(form, error)
        else:
            record_authentication(request, person, method="password", email=person.email)
            return perform_login(request, person, redirect_url="/welcome/team")  # type: ignore[no-any-return]
    return _page(request, 1, "you", form=form)


def team(request: HttpRequest) -> HttpResponseBase:
    """Step 2: a team, a service, and with them a schedule and a policy that page the person."""
    by, person = _administrator(request)
    service = Service.objects.select_related("team", "policy").filter(pk=walk.state().get("service") or 0).first()
    form = TeamForm(request.POST or None)
    if request.method == "POST" and service is None and form.is_valid():
        try:
            walk.make_team(by, person, **form.cleaned_data)
        except WatchroomError as error:
            _blame(form, error)
        else:
            return redirect("welcome-reach")
    return _page(request, 2, "team", form=form, service=service)


def reach(request: HttpRequest) -> HttpResponseBase:
    """Step 3: how the person is reached. This browser works at once; everything else is one form away."""
    by, person = _administrator(request)
    walk.ensure_browser(by, person)
    chosen = request.POST.get("channel", "")
    if request.method == "POST" and not chosen:
        accounts.record_walk(by, reach=True)
        return redirect("welcome-test")
    push = all_of("watchroom.channels")["push"]
    if chosen == "push":
        settings = {each.name: request.POST.get(each.name, "") for each in push.fields}
        add_contact_method(by, person, channel="push", label=request.POST.get("label", ""), settings=settings)
        messages.success(request, "Added. The next step tries it out.")
        return redirect("welcome-reach")
    channels = [each for each in loudest_first(all_of("watchroom.channels").values()) if each.name not in _ELSEWHERE]
    forms, unready = [], []
    for channel in channels:
        name = channel.name
        if why := missing_for(channel):
            unready.append((channel, why))
            continue
        initial = {"address": person.email} if name == "email" else None
        form = ContactForm(channel, request.POST if chosen == name else None, initial=initial)
        if form.is_bound and form.is_valid():
            try:
                add_contact_method(by, person, channel=name, label=form.cleaned_data["label"], settings=form.settings())
            except WatchroomError as error:
                _blame(form, error)
            else:
                messages.success(request, "Added. The next step tries it out.")
                return redirect("welcome-reach")
        forms.append(form)
    context = {
        "forms": forms,
        "methods": ContactMethod.objects.filter(person=person),
        "unready": unready,
        "push": not missing_for(push),
    }
    wrong = any(form.errors for form in forms)
    return render(
        request, "welcome/reach.html", {"steps": walk.STEPS, "step": 3} | context, status=422 if wrong else 200
    )


def test(request: HttpRequest) -> HttpResponseBase:
    """Step 4: a real test page, through the way that every page takes."""
    by, person = _administrator(request)
    if request.method == "POST":
        walk.send_tests(by, person)
        return redirect("welcome-test")
    return _page(request, 4, "test", **_test_context(by, person))


def _test_context(by: Actor, person: Person) -> dict[str, Any]:
    made = walk.state()
    rows = [(row, walk.has_arrived(row)) for row in walk.tests(person, made)]
    arrived = any(seen for _, seen in rows)
    if arrived and not made.get("reached"):
        accounts.record_walk(by, reached=True)
    return {"rows": rows, "arrived": arrived, "waiting": any(row.ended_at is None for row, _ in rows)}


def test_state(request: HttpRequest) -> HttpResponse:
    """The live part of step 4."""
    by, person = _administrator(request)
    return render(request, "welcome/_test_state.html", _test_context(by, person))


@require_POST
def test_seen(request: HttpRequest, pk: int) -> HttpResponse:
    """The person says that it arrived: for ways that can't say so themselves, and for browsers without JavaScript."""
    by, person = _administrator(request)
    row = Notification.objects.filter(pk=pk, person=person).first()
    if row is None:
        raise NotFound("That test page is not yours.")
    mark_seen(by, row)
    return redirect("welcome-test")


def source(request: HttpRequest) -> HttpResponseBase:
    """Step 5: the first integration, with all there is to paste."""
    by, _ = _administrator(request)
    made = walk.state()
    form = SourceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            integration, key = walk.make_integration(by, made, name=form.cleaned_data["name"])
        except WatchroomError as error:
            _blame(form, error)
        else:
            request.session[_KEY] = secrets.seal([integration.pk, key])  # so that this page can be loaded again
            return redirect("welcome-source")
    return _page(request, 5, "source", form=form, **_source_context(request))


def _source_context(request: HttpRequest) -> dict[str, Any]:
    integration = Integration.objects.select_related("service").filter(pk=walk.state().get("integration") or 0).first()
    if integration is None:
        return {"integration": None}
    sealed = request.session.get(_KEY)
    number, key = secrets.unseal(sealed) if sealed else (0, "")
    signal = signals_of(integration).first()
    group = AlertGroup.objects.filter(integration=integration).order_by("-id").first()
    parts = urlsplit(conf.current().url)
    return {
        "integration": integration,
        "key": key if number == integration.pk else "",
        "signal": signal,
        "group": group,
        "refused": signal is not None and signal.refused,
        "base": conf.current().url,
        "scheme": parts.scheme,
        "netloc": parts.netloc,
        "prefix": parts.path,
    }


def source_state(request: HttpRequest) -> HttpResponse:
    """The live part of step 5."""
    _administrator(request)
    return render(request, "welcome/_source_state.html", _source_context(request))


def done(request: HttpRequest) -> HttpResponseBase:
    """The end, with what to do next. A POST closes the walk for good."""
    by, _ = _administrator(request)
    if request.method == "POST":
        accounts.finish_walk(by)
        request.session.pop(_KEY, None)
        return redirect("/")
    return _page(request, len(walk.STEPS) + 1, "done")
