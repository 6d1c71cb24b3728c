"""Who configures webhooks, their browser, and that webhooks may lead to this machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from watchroom.accounts.actors import Actor


@pytest.fixture
def loopback(configured: Callable[..., None]) -> None:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8")


@pytest.fixture
def admin() -> Actor:
    import factories as make

    return make.actor("Ada")


@pytest.fixture
def client(admin: Actor) -> Client:
    from django.test import Client

    from outgoing.hooks import BACKEND

    client = Client()
    assert admin.person is not None
    client.force_login(admin.person, backend=BACKEND)
    return client
