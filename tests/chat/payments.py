"""Kim and Ben, of whom one is on call, and the user group in Slack that holds whoever it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import factories as make
from watchroom.accounts.actors import acting
from watchroom.engine.loop import run_due
from watchroom.oncall import commands
from watchroom.oncall.models import ChatGroup
from watchroom.paging.models import ContactMethod, PagingDefect

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
GROUP = "S0PAYONC"
WEEK = timedelta(days=7)


class Payments:
    """Kim and Ben take turns by the week from this morning on; Kim has confirmed her account in Slack, Mia manages the team."""

    def __init__(self, connect: Callable[[str], Any], reached: Callable[..., Any]) -> None:
        self.server, self.workspace = connect("slack")
        self.server.add_group("payments-oncall", GROUP, "U0OLD00")
        self.team = make.team("Payments")
        self.kim, self.ben = (make.person(name, email=f"{name.lower()}@example.org") for name in ("Kim", "Ben"))
        self.mia = make.person("Mia")
        for person, role in ((self.kim, "responder"), (self.ben, "responder"), (self.mia, "manager")):
            make.membership(self.team, person, role)
        self.kims = reached(self.workspace, person=self.kim)
        self.schedule = make.schedule("Payments", people=(self.kim, self.ben), team=self.team, slug="payments")
        self.reached = reached

    def link(self, person: Any, user: str, **options: Any) -> ContactMethod:
        method: ContactMethod = self.reached(self.workspace, user=user, person=person, **options)
        return method

    def name(self, group: str = "@payments-oncall", by: Any = None) -> ChatGroup:
        row = self.schedule
        commands.save_schedule(
            by or acting(self.mia), row, team=row.team, name=row.name, chat_group={"chat": "", "group": group}
        )
        run_due()
        return ChatGroup.objects.get(schedule=row)

    @property
    def users(self) -> list[str]:
        users: list[str] = self.server.groups[GROUP]["users"]
        return users

    @property
    def row(self) -> ChatGroup:
        return ChatGroup.objects.get()


def open_defects() -> list[str]:
    return [row.text for row in PagingDefect.objects.filter(kind="group", resolved_at__isnull=True)]
