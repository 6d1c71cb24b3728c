"""Schemathesis reads the OpenAPI document and tries what a stranger would: no operation may fail on our side."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings

import factories as make
from watchroom.accounts.actors import acting
from watchroom.accounts.commands import make_token
from watchroom.api.root import api
from watchroom.wsgi import application

pytestmark = pytest.mark.django_db

document = api.get_openapi_schema()
schema = schemathesis.openapi.from_dict(dict(document))
schema.app = application


@pytest.fixture
def key() -> str:
    """An administrator's, for all that one operation is asked."""
    return make_token(acting(make.person("Root", "administrator")), name="test", scope="admin")[1]


@schema.parametrize()
@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_operation_fails_on_our_side(case: schemathesis.Case, key: str) -> None:
    answer = case.call(headers={"Authorization": f"Bearer {key}"}, base_url="http://127.0.0.1")
    assert answer.status_code < 500, answer.text
