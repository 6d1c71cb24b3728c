"""Two people in turns, and the browser of one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import Client

import factories

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
PLAN = [{"name": "Weekly", "unit": "weeks", "length": 1, "starts_at": "2026-03-02T09:00"}]


def browser(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def two() -> tuple[Any, Any, Any]:
    a, b = factories.person("Anna", "manager"), factories.person("Ben", "manager")
    return factories.schedule("Pay", people=(a, b), slug="pay"), a, b
