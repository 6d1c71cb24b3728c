"""Who has practised, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Max

from ...accounts.models import Membership, Person, Team
from ...accounts.roles import Role
from ...incidents.models import RoleAssignment, RoleName
from ..models import Drill


# --- Who has practised -----------------------------------------------------------------------------------------------
def last_practised_by_team() -> dict[int, datetime]:
    """When each team's last drill ended, by its number."""
    rows = Drill.objects.filter(state=Drill.State.ENDED).order_by().values("team").annotate(last=Max("ended_at"))
    return dict(rows.values_list("team", "last"))


@dataclass
class Practised:
    """What somebody has practised: when last, how often, and which roles they have ever held (in a drill or for real)."""

    person: Person
    last: datetime | None = None
    times: int = 0
    roles: set[str] = field(default_factory=set)

    @property
    def never(self) -> list[str]:
        """The roles that matter most and that they have never held."""
        return [str(RoleName(role).label) for role in ("commander", "communications") if role not in self.roles]


def practised_in(team: Team) -> list[Practised]:
    """Everybody who responds for a team, by name, with what they have practised. Three statements."""
    members = Membership.objects.filter(team=team, role__gte=Role.RESPONDER, person__is_active=True)
    found = {
        each.person_id: Practised(each.person) for each in members.select_related("person").order_by("person__name")
    }
    ended = Drill.objects.filter(state=Drill.State.ENDED, participants__in=found).order_by()
    for pk, at, times in ended.values_list("participants").annotate(Max("ended_at"), Count("pk")):
        if pk in found:
            found[pk].last, found[pk].times = at, times
    held = RoleAssignment.objects.filter(person__in=found, accepted_at__isnull=False)
    for pk, role in held.order_by().values_list("person", "role").distinct():
        found[pk].roles.add(role)
    return list(found.values())
