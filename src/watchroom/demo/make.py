"""Fills a database with the made-up company. The same seed and day give the same company."""

from __future__ import annotations

import random

from django.db import transaction

from ..accounts.models import Team
from ..actions.models import ActionItem
from ..kernel import clock
from ..kernel.errors import Conflict
from .fired import alerts, changes
from .long_log import long_log
from .practice import practice
from .readying import process, readiness
from .responded import incidents
from .runbooks import runbooks
from .standing import Company, away, paging, services, status_page, teams, work
from .states import life


def exists() -> bool:
    """Whether the made-up company is in this database."""
    return Team.objects.filter(is_demo=True).exists()


def make(seed: int = 1) -> dict[str, int]:
    """Fill the database. Returns how many of each there are.

    :raises Conflict: it is there already.
    """
    if exists():
        raise Conflict("The made-up company is already here.", fix="Remove it first: `watchroom demo --remove`.")
    now = clock.now().replace(minute=0, second=0, microsecond=0)
    company = Company(random.Random(seed), now)
    with transaction.atomic():
        teams(company)
        services(company)
        paging(company)
        away(company)
        work(company)
        status_page(company)
        runbooks(company)
        practice(company)
        groups = alerts(company)
        led = incidents(company, groups)
        life(company, led)
        changes(company, led)
        long_log(company, led)
        process(company)
        readiness(company)
    return {
        "teams": len(company.teams),
        "people": sum(map(len, company.people.values())),
        "services": len(company.services),
        "alert groups": len(groups),
        "incidents": len(led),
        "action items": ActionItem.objects.filter(is_demo=True).count(),
    }
