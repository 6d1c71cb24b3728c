"""The address that counts is the one at the person."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.db import connection

from watchroom.accounts import commands
from watchroom.accounts.actors import SYSTEM

pytestmark = pytest.mark.django_db


def test_addresses_that_people_noted_down_once_are_forgotten_and_keep_nobody_out() -> None:
    mallory = commands.create_person(SYSTEM, email="mallory@example.org", name="Mallory")
    EmailAddress.objects.filter(user=mallory).update(email="Mallory@example.org")
    EmailAddress.objects.create(user=mallory, email="anna@example.org", verified=False)
    migration = import_module("watchroom.accounts.migrations.0006_addresses_that_count")
    migration.forget_others(apps, SimpleNamespace(connection=connection))
    assert [row.email for row in EmailAddress.objects.filter(user=mallory)] == ["Mallory@example.org"]
    assert commands.create_person(SYSTEM, email="anna@example.org", name="Anna")
