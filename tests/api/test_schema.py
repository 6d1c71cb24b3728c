"""Schemathesis reads the OpenAPI document and tries what a stranger would: no operation may fail on our side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.internal.conjecture import providers
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test

import factories as make
from watchroom.accounts.actors import acting
from watchroom.accounts.commands import make_token
from watchroom.api.root import api
from watchroom.wsgi import application

pytestmark = pytest.mark.django_db

schema = schemathesis.openapi.from_dict(dict(api.get_openapi_schema()))
schema.app = application
OPERATIONS = [each.ok() for each in schema.get_all_operations()]


@pytest.fixture
def key() -> str:
    """An administrator's, for all that one operation is asked."""
    return make_token(acting(make.person("Root", "administrator")), name="test", scope="admin")[1]


@pytest.fixture(autouse=True)
def _the_same_examples_everywhere() -> Iterator[None]:
    """Hypothesis also tries numbers and words that it finds in those of our modules that happen to have been imported before,
    so that what is tried would depend on the tests that ran before in the same process, and on where we are installed."""
    found, kept = getattr(providers, "_local_constants", None), getattr(providers, "CONSTANTS_CACHE", None)
    if found is None or kept is None:  # a Hypothesis that does this no more, or in another way
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(providers, "_get_local_constants", type(found))
        kept.cache.clear()
        yield
        kept.cache.clear()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.label)
def test_no_operation_fails_on_our_side(operation: Any, key: str) -> None:
    """What is tried of an operation is thought out here, and not, as `schema.parametrize()` does it, for all of them whenever
    tests are collected: each process that runs a part of the tests would pay for that, and keep it."""

    @settings(
        max_examples=5,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: schemathesis.Case) -> None:
        answer = case.call(headers={"Authorization": f"Bearer {key}"}, base_url="http://127.0.0.1")
        assert answer.status_code < 500, answer.text

    build_operation_test(
        config=schema.config, operation=operation, test_func=ask, given_kwargs={}, feedback=FeedbackSources()
    )()
