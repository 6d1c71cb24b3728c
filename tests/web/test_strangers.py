"""Every address of the pages and every operation of the API, asked by nobody in particular."""

from __future__ import annotations

import re

import pytest
from django.test import Client

import factories as make
from watchroom.api.root import api as the_api
from web.asking import patterns

pytestmark = pytest.mark.django_db

# What strangers are meant to reach, or what has a key of its own in its address or its request. All else sends them to sign in, or says
# no: what is new and isn't does not belong here.
PUBLIC = (
    r"/account/|/healthz$|/metrics$|/offline$|/service-worker\.js$|/push/seen/|/status/|/welcome/1$|/respond/|/calendar/|/in/|/ping/"
    r"|/phone/|/mail/|/chat/|/me/pending-page$|/api/v1/openapi\.json$|/api/v1/agents?/"
)


def test_a_stranger_gets_in_nowhere_but_where_strangers_are_meant() -> None:
    make.person("Root", "administrator")  # without anybody, it is the first-run walk
    make.team(slug="1"), make.service(slug="1"), make.schedule(slug="1"), make.group(), make.policy(slug="1")
    pages = [re.sub(r"<[^>]+>", "1", path) for path in patterns() if not path.startswith("/api/")]
    asked = [(method, path) for path in pages for method in ("get", "post")]
    document = the_api.get_openapi_schema()["paths"]
    asked += [
        (method, re.sub(r"\{[^}]+\}", "1", path)) for path, operations in document.items() for method in operations
    ]
    assert len(asked) > 1_000
    client = Client(raise_request_exception=False)
    got_in = []
    for method, path in asked:
        if re.match(PUBLIC, path):
            continue
        answer = getattr(client, method)(path)
        turned_away = answer.status_code in {401, 403, 404, 405} or "/account/login" in answer.get("Location", "")
        if not turned_away:
            got_in.append((method, path, answer.status_code))
    assert got_in == []


def test_a_file_of_what_was_sent_is_for_who_is_signed_in_and_refuses_before_it_begins(client: Client) -> None:
    person = make.person("Ada")
    assert "/account/login" in client.get("/notifications.csv")["Location"]
    client.force_login(person)
    assert client.get("/notifications.csv").status_code == 200
