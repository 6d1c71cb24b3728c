"""User groups of chats whose members are whoever is on call."""

from __future__ import annotations

from django.db import models

from ...kernel import clock
from ...workspaces.models import Workspace
from .schedules import Schedule


class ChatGroup(models.Model):
    """A user group of a chat (such as Slack's @payments-oncall) that is to hold exactly whoever is on call by a schedule.
    ``wanted`` is who belongs in it, ``members`` who was put in last; while they differ, ``send_at`` says when it is tried."""

    schedule = models.OneToOneField(Schedule, on_delete=models.CASCADE, related_name="chat_group")
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    group = models.CharField(max_length=80, help_text="Its handle, or its id there.")
    group_id = models.CharField(max_length=40, blank=True, help_text="Its id there; empty: to be looked up.")
    wanted = models.JSONField(null=True, help_text="The chat's ids of who belongs in it, with the people's numbers.")
    members = models.JSONField(null=True, help_text="The same of who was put in it last; empty: not known.")
    left_out = models.JSONField(default=list, help_text="Who is on call and can't be put in it: person and why.")
    due_at = models.DateTimeField(default=clock.now, help_text="When it is next looked who belongs in it.")
    send_at = models.DateTimeField(null=True, help_text="When the chat is told next; empty: it knows.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="Of telling it, since it last came to an end.")
    told_at = models.DateTimeField(null=True, help_text="When it was last put right.")
    error = models.CharField(max_length=500, blank=True, help_text="Why it could not be, the last time.")
    fix = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("workspace", "group"), name="one_schedule_per_chat_group"),)
        indexes = (
            models.Index(fields=("due_at",), name="chat_group_by_due"),
            models.Index(fields=("send_at",), condition=models.Q(send_at__isnull=False), name="chat_group_to_send"),
        )

    def __str__(self) -> str:
        return f"the schedule {self.schedule}"

    @property
    def shown(self) -> str:
        """As people write it."""
        return f"@{self.group}"
