"""What a column can't hold is refused by both databases alike, whichever model and however it is stored."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.apps import apps
from django.db import models, transaction

import factories as make
from watchroom.accounts.actors import acting
from watchroom.accounts.commands import make_token
from watchroom.accounts.models import Team
from watchroom.kernel.errors import Refused

pytestmark = pytest.mark.django_db

TEXTS = ("\0", "\ud800")
NUMBERS = {"SmallIntegerField": 15, "IntegerField": 31, "AutoField": 31, "BigIntegerField": 63, "BigAutoField": 63}


def odd_values(column: models.Field[Any, Any]) -> Iterator[tuple[Any, str]]:
    """What doesn't fit, and a word of what is said to that."""
    target = column.target_field if isinstance(column, models.ForeignKey) else column
    kind = target.get_internal_type()
    bits = NUMBERS.get(kind.removeprefix("Positive"))
    if bits:
        yield 2**bits, str(2**bits - 1)
        yield -(2**bits) - 1, "out of range"
    if kind.startswith("Positive"):
        yield -1, "Use 0 to"
    if kind == "FloatField":
        yield from ((number, "finite") for number in (math.inf, -math.inf, math.nan))
    if kind == "JSONField":
        yield from ((data, "finite") for data in ([math.nan], {"a": {"b": (1, math.inf)}}))
        yield from ((data, "Leave it out") for text in TEXTS for data in ([{"a": text}], {text: 1}))
    if isinstance(target, models.CharField):
        yield "x" * (target.max_length + 1), f"Use at most {target.max_length} characters."
    if isinstance(target, models.CharField) or type(target) is models.TextField:
        yield from ((text, "Leave it out") for text in TEXTS)
    if kind == "DateTimeField":
        yield datetime(9999, 12, 31, 23, tzinfo=UTC), "calendar"
        yield datetime(1, 1, 1, tzinfo=UTC), "calendar"
    if kind == "DateField":
        yield date(9999, 12, 31), "calendar"


@pytest.mark.parametrize("model", apps.get_models(include_auto_created=True), ids=lambda model: model._meta.label)
def test_what_does_not_fit_is_refused_by_name_with_what_would(model: type[models.Model]) -> None:
    for column in model._meta.local_concrete_fields:
        if getattr(column, "auto_now", False) or getattr(column, "auto_now_add", False):
            continue
        for value, said in odd_values(column):
            given = {column.attname: value}
            for store in (
                lambda: model._base_manager.bulk_create([model(**given)]),  # noqa: B023
                lambda: model(**given).save(),  # noqa: B023
                lambda: model._base_manager.update(**given),  # noqa: B023
            )[: 1 if column.primary_key else 3]:
                with pytest.raises(Refused) as refused, transaction.atomic():
                    store()
                assert refused.value.field == column.name, column
                assert said in str(refused.value), column


def test_as_much_as_there_is_room_for_is_stored() -> None:
    name = "x" * Team._meta.get_field("name").max_length
    team = make.team(name)
    team.refresh_from_db()
    assert team.name == name
    Team.objects.filter(pk=team.pk).update(name=models.Value("y" * 9))  # the database's own work is left to it
    team.refresh_from_db()
    assert team.name == "y" * 9


def test_a_secret_is_not_said_again() -> None:
    person = make.person("Ada")
    person.password = "hunter2" * 100
    with pytest.raises(Refused) as refused, transaction.atomic():
        person.save()
    assert "hunter2" not in f"{refused.value} {refused.value.value}"
    with pytest.raises(Refused):
        make_token(acting(person), name="a" * 1000, scope="read")
