"""An engine at rest asks again and again what is next due: no such question may read a whole table, however long it grows."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import find_spec

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

import factories as make
from watchroom.evidence.models import Connection
from watchroom.kernel.duty import Duty

# What people set up, a thousand at most, or of which there is one.
SMALL = {"intake_integration", "accounts_identityprovider", "outgoing_webhook", "insights_groupingturn", "CONSTANT"}


def duties() -> list[Duty]:
    rooms = [f"{app.name}.duties" for app in apps.get_app_configs() if app.name.startswith("watchroom.")]
    return [duty for room in rooms if find_spec(room) for duty in import_module(room).duties]


def scanned(sql: str) -> list[str]:
    """The tables that SQLite would read from end to end for this question, be it by an index. A partial index holds only what
    is due, and of an order by an index the first row is enough."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        steps = [row[-1] for row in cursor.fetchall()]
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'")
        partial = {row[0] for row in cursor.fetchall()}
    found = []
    for step in steps:
        match = re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?$", step)
        any_row = (
            "LIMIT 1" in sql
            and "JOIN" not in sql
            and ("WHERE" not in sql or (match and match[2] and "ORDER BY" in sql))
        )
        if match and match[1] not in SMALL and match[2] not in partial and not any_row:
            found.append(step)
    return found


@pytest.mark.django_db
@pytest.mark.sqlite_only  # PostgreSQL reads what is as small as here from end to end
def test_nothing_that_an_engine_asks_at_rest_reads_a_whole_table() -> None:
    Connection.objects.create(
        team=make.team(), name="P", slug="p", kind="prometheus", settings={}
    )  # first looks are taken
    found = {}
    for duty in duties():
        with CaptureQueriesContext(connection) as seen:
            duty.next_due()
        for each in seen.captured_queries:
            if each["sql"].startswith("SELECT") and (steps := scanned(each["sql"])):
                found[duty.name] = steps
    assert found == {}
