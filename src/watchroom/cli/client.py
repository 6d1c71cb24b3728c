"""How the commands reach Watchroom: over HTTP with a token, or inside this process as the operator of this machine."""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import click
import httpx

from ..kernel.errors import Refused, WatchroomError

_LEADS_ELSEWHERE = re.compile(r"[?#\\\s\x00-\x1f\x7f]|(?:^|/)\.{1,2}(?:/|$)|//|.+/$")
_CHECK_URL = "Check --url or WATCHROOM_API_URL."


class Api:
    """The API, for a command."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The answer of ``method path``, parsed (None: there is none).

        :raises WatchroomError: the API refused, can't be reached, or ``path`` leads elsewhere by what was typed into it.
        """
        if _LEADS_ELSEWHERE.search(path):
            raise Refused(
                f"There can't be anything at {path!r}.",
                fix="Name it by its number or short name, as Watchroom shows it.",
            )
        headers = {} if method == "GET" else {"Idempotency-Key": str(uuid.uuid4())}
        asked = {name: value for name, value in query.items() if value not in (None, "")}
        try:
            answer = self.http.request(
                method, f"/api/v1/{path.lstrip('/')}", params=asked or None, json=body, headers=headers
            )
        except httpx.HTTPError as error:
            raise WatchroomError(f"Watchroom can't be reached: {error}.", fix=_CHECK_URL) from error
        if answer.status_code >= 400:
            raise _error(answer)
        if not answer.content:
            return None
        try:
            return answer.json()
        except ValueError:
            raise WatchroomError(
                "The answer was not Watchroom's.", fix="Check --url or WATCHROOM_API_URL: there is no /api/v1 in it."
            ) from None

    def get(self, path: str, **query: Any) -> Any:
        return self.call("GET", path, **query)

    def post(self, path: str, **body: Any) -> Any:
        """POST what is set of ``body``."""
        return self.call("POST", path, given(body))


def given(body: dict[str, Any]) -> dict[str, Any]:
    """``body`` without what was not said."""
    return {name: value for name, value in body.items() if value is not None and value != ()}


_SET_TOKEN = "Set WATCHROOM_TOKEN to an API token: make one in Watchroom under your profile."


def _error(answer: httpx.Response) -> WatchroomError:
    try:
        said = answer.json()
    except ValueError:
        said = {}
    detail = said.get("detail") or f"The server answered {answer.status_code}."
    field = f" ({said['field']}: {said.get('value', '')!r})" if said.get("field") else ""
    fix = said.get("fix") or (_SET_TOKEN if answer.status_code == 401 else "")
    return WatchroomError(f"{detail}{field}", fix=fix)


def connect(url: str, token: str, email: str) -> Api:
    """The API at ``url``; without one, of this installation, as ``email`` or the first administrator.

    :raises Refused: there is no token, or nobody to act as.
    """
    if url:
        if not token:
            raise Refused("There is no token for that address.", fix=_SET_TOKEN)
        try:
            return Api(httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30))
        except httpx.InvalidURL as error:
            raise Refused(f"{url!r} is no address: {error}", field="url", value=url, fix=_CHECK_URL) from None
    return Api(_in_process(email))


def _in_process(email: str) -> httpx.Client:
    import django
    from django.apps import apps

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "watchroom.settings")
    if not apps.ready:
        django.setup()
    from ..accounts.actors import acting
    from ..accounts.models import Person
    from ..accounts.roles import Role
    from ..api.auth import LOCAL_ACTOR
    from ..kernel.schema import require_up_to_date
    from ..wsgi import application

    require_up_to_date()
    active = Person.objects.filter(is_active=True)
    if email:
        person = active.filter(email__iexact=email).first()
    else:
        person = active.filter(role=Role.ADMINISTRATOR).order_by("pk").first()
    if person is None and email:
        raise Refused(f"There is no active person with the address {email}.", fix="See `watchroom people`.")
    if person is None:
        raise Refused(
            "There is nobody yet to act as.",
            fix="Run `watchroom serve` and open the address it prints: it makes the first account.",
        )
    actor = acting(person, address="127.0.0.1")

    def as_operator(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ[LOCAL_ACTOR] = actor
        environ["PATH_INFO"] = environ["PATH_INFO"].encode().decode("latin-1")  # as PEP 3333 wants it
        answer: Iterable[bytes] = application(environ, start_response)
        return answer

    return httpx.Client(transport=httpx.WSGITransport(app=as_operator), base_url="http://127.0.0.1")


def connection_command(command: Callable[..., Any]) -> Callable[..., None]:
    """A command that is called with the API first. Why it can't be done is told in two lines: what, and what to do."""

    @click.option(
        "--url", envvar="WATCHROOM_API_URL", default="", help="Address of Watchroom; without it, this machine's."
    )
    @click.option("--as", "as_email", envvar="WATCHROOM_AS", default="", help="On this machine: act as this person.")
    @wraps(command)
    def run(url: str, as_email: str, **options: Any) -> None:
        command(connect(url, os.environ.get("WATCHROOM_TOKEN", ""), as_email), **options)

    return run


def api_command(command: Callable[..., Any]) -> Callable[..., None]:
    """A command that is called with the API first, and whose answer is printed: as JSON with ``--json``, otherwise by
    the function it returns beside the answer (``return answer, show``)."""

    @connection_command
    @click.option("--json", "as_json", is_flag=True, help="Print the API's JSON.")
    @wraps(command)
    def run(api: Api, as_json: bool, **options: Any) -> None:
        answer, show = command(api, **options)
        if as_json:
            click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
        elif callable(show):
            show(answer)
        else:
            click.echo(show)

    return run
