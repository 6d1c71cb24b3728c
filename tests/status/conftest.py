"""A page with two components, and incidents to tell of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from watchroom.accounts.actors import Actor
    from watchroom.catalog.models import Service
    from watchroom.incidents.models import Incident, Update
    from watchroom.kernel.clock import TravellingClock
    from watchroom.status.models import StatusPage


@pytest.fixture
def by(db: None, clock: TravellingClock) -> Actor:
    import factories as make

    return make.actor("Ada")


@pytest.fixture
def service(by: Actor) -> Service:
    import factories as make

    return make.service("pay-gw-internal")


@pytest.fixture
def page(by: Actor, service: Service) -> StatusPage:
    from watchroom.status import commands

    return commands.save_status_page(
        by,
        None,
        team=service.team,
        name="Shop status",
        components=[
            {"name": "Checkout", "service": service.slug, "description": "Paying by card", "group": "Shop"},
            {"name": "Search"},
        ],
    )


@pytest.fixture
def declare(by: Actor, service: Service) -> Callable[..., Incident]:
    from watchroom.incidents import commands as incidents

    def make_one(**fields: Any) -> Incident:
        given = {"title": "Secret: db-7 corrupt", "severity": 1, "team": service.team, "services": [service]}
        return incidents.declare(by, **(given | fields))

    return make_one


@pytest.fixture
def tell(by: Actor) -> Callable[..., Update]:
    from watchroom.incidents import commands as incidents

    def publish(incident: Incident, stage: str = "investigating", **fields: Any) -> Update:
        return incidents.publish_update(by, incident, stage=stage, **{"happening": "Payments fail"} | fields)

    return publish
