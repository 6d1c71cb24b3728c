"""SCIM 2.0 below ``/scim/v2``: a provider asks with an API token of an administrator, as a bearer token."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from ...kernel import settings as conf
from ...kernel.errors import Conflict, WatchroomError
from ...kernel.numbers import whole
from .. import commands
from ..actors import Actor
from ..models import Person, ScimGroup, ScimUser
from ..queries import actor_of_token
from ..roles import Action
from ..scim import about
from ..scim.patching import Equals, Resource, ScimError, patched, read_filter
from ..scim.resources import MESSAGES, group_resource, list_response, user_resource, wanted_group, wanted_user

MOST = 200  # resources in one answer
_View = Callable[..., "Resource | tuple[int, Resource | None]"]


def _answer(status: int, body: Resource | None) -> HttpResponse:
    text = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    answer = HttpResponse(text, status=status, content_type="application/scim+json; charset=utf-8")
    answer["Cache-Control"] = "no-store"
    if body and status in {200, 201} and (place := body.get("meta", {}).get("location")):
        answer["Location" if status == 201 else "Content-Location"] = place
    return answer


def _error(status: int, detail: str, kind: str = "") -> HttpResponse:
    body: Resource = {"schemas": [f"{MESSAGES}:Error"], "status": str(status), "detail": detail}
    return _answer(status, body | ({"scimType": kind} if kind else {}))


def scim(**methods: _View) -> Callable[..., HttpResponse]:
    """A view: by its methods, for administrators' tokens; what goes wrong is told as SCIM tells it."""

    @csrf_exempt  # no cookie counts here
    def view(request: HttpRequest, **named: Any) -> HttpResponse:
        try:
            by = _actor(request)
            if (carry_out := methods.get(request.method or "")) is None:
                refused = _error(405, f"This address takes {', '.join(sorted(methods))}.")
                refused["Allow"] = ", ".join(sorted(methods))
                return refused
            said = carry_out(request, by, **named)
        except ScimError as error:
            return _error(error.status, error.detail, error.kind)
        except IntegrityError:  # two at a time
            return _error(409, "Somebody, or a group, of that name is here already.", "uniqueness")
        except Conflict as error:
            return _error(409, str(error), "uniqueness" if error.value is not None else "")
        except WatchroomError as error:
            answer = _error(400 if error.status == 422 else error.status, str(error), "invalidValue" if error.status == 422 else "")  # fmt: skip
            if error.status == 401:
                answer["WWW-Authenticate"] = 'Bearer realm="Watchroom"'
            return answer
        return _answer(*said) if isinstance(said, tuple) else _answer(200, said)

    return view


def _actor(request: HttpRequest) -> Actor:
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    by = actor_of_token(key.strip() if kind.lower() == "bearer" else "", address=request.META.get("REMOTE_ADDR", ""))
    by.require(Action.ADMINISTER)
    return by


def _body(request: HttpRequest) -> Any:
    try:
        return json.loads(request.body)
    except ValueError:
        raise ScimError(400, "The body is no JSON.", "invalidSyntax") from None


def base() -> str:
    """Where a provider is told to find this."""
    return f"{conf.current().url}/scim/v2"


def _asked(request: HttpRequest) -> tuple[Equals | None, int, int, frozenset[str]]:
    """Filter, startIndex, count and what is left out."""
    written = request.GET.get("filter", "").strip()
    start = max(1, whole(request.GET.get("startIndex", "1")) or 1)
    count = whole(request.GET.get("count", "")) if request.GET.get("count") else 100
    without = frozenset(each.strip().lower() for each in request.GET.get("excludedAttributes", "").split(","))
    return read_filter(written) if written else None, start, min(MOST, count or 0), without


def _listed(rows: QuerySet[Any], start: int, count: int, told: Callable[[Any], Resource]) -> Resource:
    return list_response([told(row) for row in rows[start - 1 : start - 1 + count]], rows.count(), start)


def _people() -> QuerySet[Person]:
    return Person.objects.filter(is_demo=False).select_related("scim").prefetch_related("scim_groups").order_by("pk")


def _person(pk: str) -> Person:
    number = whole(pk)
    row = None if number is None else _people().filter(pk=number).first()
    if row is None:
        raise ScimError(404, f"There is no User {pk[:60]!r}.")
    return row


def _user(row: Person) -> Resource:
    known: ScimUser | None = getattr(row, "scim", None)
    return user_resource(
        row.pk, user_name=known.user_name if known else row.email, email=row.email, name=row.name, active=row.is_active,
        external_id=known.external_id if known else "", timezone=row.timezone, joined_at=row.joined_at, base=base(),
        groups=[(group.pk, group.name) for group in row.scim_groups.all()],
    )  # fmt: skip


def _users(request: HttpRequest, by: Actor) -> Resource:
    """Everybody, also who was added by hand."""
    only, start, count, _ = _asked(request)
    rows = _people()
    if only is not None:
        text = str(only.value)
        found = {
            "username": Q(scim__user_name__iexact=text) | Q(scim=None, email__iexact=text),
            "emails.value": Q(email__iexact=text),
            "emails": Q(email__iexact=text),
            "externalid": Q(scim__external_id=text),
            "displayname": Q(name=text),
            "active": Q(is_active=only.value is True or text.lower() == "true"),
            "id": Q(pk=whole(text) or 0),
        }.get(only.attribute)
        if found is None:
            raise ScimError(400, f"Users are not found by {only.attribute}.", "invalidFilter")
        rows = rows.filter(found)
    return _listed(rows, start, count, _user)


def _user_new(request: HttpRequest, by: Actor) -> tuple[int, Resource]:
    made = commands.push_person(by, None, wanted_user(_body(request)))
    return 201, _user(_person(str(made.pk)))


def _user_get(request: HttpRequest, by: Actor, pk: str) -> Resource:
    return _user(_person(pk))


def _user_put(request: HttpRequest, by: Actor, pk: str) -> Resource:
    row = _person(pk)
    commands.push_person(by, row, wanted_user(_body(request)))
    return _user(_person(pk))


def _user_patch(request: HttpRequest, by: Actor, pk: str) -> Resource:
    row = _person(pk)
    before = _user(row)
    commands.push_person(by, row, wanted_user(patched(before, _body(request)), before))
    return _user(_person(pk))


def _user_delete(request: HttpRequest, by: Actor, pk: str) -> tuple[int, None]:
    """They have left: deactivated, for all that they did stays under their name."""
    row = _person(pk)
    if row.is_active:
        commands.deactivate_person(by, row)
    return 204, None


def _group(row: ScimGroup, without: frozenset[str] = frozenset()) -> Resource:
    members = None if "members" in without else [(person.pk, str(person)) for person in row.people.order_by("pk")]
    return group_resource(row.pk, name=row.name, external_id=row.external_id, members=members, base=base())


def _group_row(pk: str) -> ScimGroup:
    number = whole(pk)
    row = None if number is None else ScimGroup.objects.filter(pk=number).first()
    if row is None:
        raise ScimError(404, f"There is no Group {pk[:60]!r}.")
    return row


def _groups(request: HttpRequest, by: Actor) -> Resource:
    only, start, count, without = _asked(request)
    rows = ScimGroup.objects.order_by("pk")
    if only is not None:
        text = str(only.value)
        found = {
            "displayname": Q(name__iexact=text),
            "externalid": Q(external_id=text),
            "id": Q(pk=whole(text) or 0),
            "members.value": Q(people=whole(text) or 0),
            "members": Q(people=whole(text) or 0),
        }.get(only.attribute)
        if found is None:
            raise ScimError(400, f"Groups are not found by {only.attribute}.", "invalidFilter")
        rows = rows.filter(found)
    return _listed(rows, start, count, lambda row: _group(row, without))


def _group_new(request: HttpRequest, by: Actor) -> tuple[int, Resource]:
    return 201, _group(commands.push_group(by, None, wanted_group(_body(request))))


def _group_get(request: HttpRequest, by: Actor, pk: str) -> Resource:
    return _group(_group_row(pk), _asked(request)[3])


def _group_put(request: HttpRequest, by: Actor, pk: str) -> Resource:
    row, body = _group_row(pk), _body(request)
    if isinstance(body, dict):
        body = {"members": [], **body}
    return _group(commands.push_group(by, row, wanted_group(body)))


def _group_patch(request: HttpRequest, by: Actor, pk: str) -> tuple[int, None]:
    body = _body(request)
    commands.patch_group(by, _group_row(pk).pk, lambda row: wanted_group({"members": [], **patched(_group(row), body)}))
    return 204, None


def _group_delete(request: HttpRequest, by: Actor, pk: str) -> tuple[int, None]:
    commands.drop_group(by, _group_row(pk))
    return 204, None


def _config(request: HttpRequest, by: Actor) -> Resource:
    return about.config(base())


def _kinds(request: HttpRequest, by: Actor, name: str = "") -> Resource:
    return _one_of(about.resource_types(base()), name, "ResourceType")


def _schemas(request: HttpRequest, by: Actor, name: str = "") -> Resource:
    return _one_of(about.schemas(base()), name, "Schema")


def _one_of(rows: list[Resource], name: str, what: str) -> Resource:
    if not name:
        return list_response(rows, len(rows), 1)
    found = next((each for each in rows if each["id"] == name), None)
    if found is None:
        raise ScimError(404, f"There is no {what} {name[:100]!r}.")
    return found


users = scim(GET=_users, POST=_user_new)
user = scim(GET=_user_get, PUT=_user_put, PATCH=_user_patch, DELETE=_user_delete)
groups = scim(GET=_groups, POST=_group_new)
group = scim(GET=_group_get, PUT=_group_put, PATCH=_group_patch, DELETE=_group_delete)
config = scim(GET=_config)
kinds = scim(GET=_kinds)
schemas = scim(GET=_schemas)
