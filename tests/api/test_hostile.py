"""What is written to mislead a program gets an answer that says what is wrong, never a failure on our side. Each test is a
hole that there was."""

from __future__ import annotations

import pytest
from django.test import Client

import factories as make
from watchroom.accounts.actors import acting
from watchroom.accounts.commands import make_token

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Client:
    """An administrator's; a failure on our side is an answer, as over the network."""
    _, key = make_token(acting(make.person("Root", "administrator")), name="test", scope="admin")
    return Client(headers={"Authorization": f"Bearer {key}"}, raise_request_exception=False)


@pytest.mark.parametrize("written", ["³", "٣", "9" * 40, "9" * 5000])
def test_a_person_s_number_in_odd_digits_is_nobody_s(api: Client, written: str) -> None:
    answer = api.get("/api/v1/notifications/why", {"person": written})
    assert (answer.status_code, answer.json()["field"]) == (404, "person")
