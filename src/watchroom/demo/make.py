"""Fills a database with the made-up company. The same seed and day give the same company."""

from __future__ import annotations

import random

from django.db import transaction

from ..accounts.models import Team
from ..actions.models import ActionItem
from ..incidents.models import Incident
from ..kernel import clock
from ..kernel.errors import Conflict
from ..paging.models import Approval
from .arranged import answered, carrying_out, meeting, paying, responding, watching
from .at_work import following_a_runbook, handed_over, looked_at, proposing
from .fired import alerts, changes
from .long_log import long_log
from .practice import practice
from .readying import process, readiness
from .responded import incidents
from .runbooks import runbooks
from .seen import seen
from .standing import Company, away, paging, services, status_page, teams, work
from .states import life


def exists() -> bool:
    """Whether the made-up company is in this database."""
    return Team.objects.filter(is_demo=True).exists()


def first_stops() -> tuple[str, str]:
    """Where somebody who looks around begins: the incident that runs, and the alert for which something is proposed."""
    running = Incident.objects.filter(is_demo=True, status=Incident.Status.ACTIVE).latest("pk")
    proposed = Approval.objects.filter(escalation__team__is_demo=True, state=Approval.State.OPEN).latest("pk")
    return f"/incidents/{running.pk}", proposed.escalation.path


def make(seed: int = 1) -> dict[str, int]:
    """Fill the database. Returns how many of each there are.

    :raises Conflict: it is there already.
    """
    if exists():
        raise Conflict("The made-up company is already here.", fix="Remove it first: `watchroom demo --remove`.")
    now = clock.now().replace(second=0, microsecond=0)
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
        responding(company)
        watching(company)
        carrying_out(company)
        paying(company)
        groups = alerts(company)
        led = incidents(company, groups)
        life(company, led)
        answered(company, led)
        meeting(company, led)
        changes(company)
        long_log(company, led)
        proposing(company, groups)
        seen(company)
        following_a_runbook(company, led)
        handed_over(company)
        process(company)
        readiness(company)
        looked_at(company)
    return {
        "teams": len(company.teams),
        "people": sum(map(len, company.people.values())),
        "services": len(company.services),
        "alert groups": len(groups),
        "incidents": len(led),
        "action items": ActionItem.objects.filter(is_demo=True).count(),
    }
