"""A trio that object by object tests ask: who may, who may only look, and who has nothing to do with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # Django is set up after this file has been read
    from watchroom.accounts.actors import Actor
    from watchroom.accounts.models import Person, Team
    from watchroom.catalog.models import Service
    from watchroom.intake.models import AlertGroup
    from watchroom.kernel.clock import TravellingClock


@dataclass
class World:
    """A team with a service, a responder in it, a viewer, and a responder of another team."""

    team: Team
    service: Service
    responder: Person
    viewer: Person
    stranger: Person
    manager: Person

    @property
    def by(self) -> Actor:
        from watchroom.accounts.actors import acting

        return acting(self.responder)

    def group(self, title: str = "Checkout fails", **fields: Any) -> AlertGroup:
        """An open alert group with one alert that began two minutes before it was seen."""
        import factories as make
        from watchroom.intake.models import Alert, AlertGroup
        from watchroom.kernel import clock

        now = clock.now()
        integration = fields.pop("integration", None) or make.integration(team=self.team, service=self.service)
        group = AlertGroup.objects.create(
            group_key=f"{title}-{now}-{AlertGroup.objects.count()}"[:64],
            integration=integration,
            service=self.service,
            team=self.team,
            title=title,
            severity=fields.pop("severity", "critical"),
            firing=1,
            total=1,
            opened_at=now,
            last_alert_at=now,
            **fields,
        )
        Alert.objects.create(
            integration=integration,
            group=group,
            dedup_key=title,
            title=title,
            severity=group.severity,
            starts_at=now - timedelta(minutes=2),
            first_seen_at=now,
            last_seen_at=now,
            expires_at=now + timedelta(hours=1),
        )
        return group


@pytest.fixture
def world(db: None, clock: TravellingClock) -> World:
    import factories as make

    team, other = make.team("Payments"), make.team("Search")
    made = World(
        team,
        make.service("checkout", team=team),
        make.person("Rita"),
        make.person("Vic"),
        make.person("Sam"),
        make.person("Max"),
    )
    make.membership(team, made.responder, "responder")
    make.membership(team, made.manager, "manager")
    make.membership(other, made.stranger, "responder")
    return made
