"""A schedule whose work is paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from watchroom.kernel.clock import TravellingClock


@pytest.fixture
def pay(db: None, clock: TravellingClock) -> tuple[Any, Any, Any, Any]:
    """Anna and Ben take turns by the week in Pay, from 5 January on; Mia manages the team."""
    import factories as make
    from watchroom.accounts.actors import SYSTEM
    from watchroom.insights.pay_rules import set_pay

    make.person("Root", "administrator")
    team = make.team("Pay", slug="pay")
    anna, ben, mia = (make.person(name, email=f"{name.lower()}@example.org") for name in ("Anna", "Ben", "Mia"))
    for person, role in ((anna, "responder"), (ben, "responder"), (mia, "manager")):
        make.membership(team, person, role)
    schedule = make.schedule("Pay", people=(anna, ben), team=team, slug="pay", timezone="Europe/Berlin")
    set_pay(SYSTEM, team, {"unit": "EUR", "weekday": 1, "night": 1, "work": 1, "weekend": 1, "holiday": 1})
    return schedule, anna, ben, mia
