"""Connected chat workspaces, and the messages in them that are kept up to date."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ..accounts.models import Team
from ..kernel import clock
from ..kernel.fields import EncryptedJSON
from .base import TIMEZONE


class Workspace(models.Model):
    """A chat (Slack workspace, Mattermost or Matrix server, Telegram bot, Teams room) that Watchroom may post in. Its
    settings hold secrets."""

    team = models.ForeignKey(
        Team,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="workspaces",
        help_text="Empty: everybody's.",
    )
    kind = models.CharField(max_length=40, help_text="Which product it is.")
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=64, unique=True)
    settings = EncryptedJSON(default=dict)
    hook_key = EncryptedJSON(help_text="The secret that the product sends along with answers.")
    account = models.CharField(max_length=250, blank=True, help_text="Our own user there, once it has answered.")
    since = models.TextField(blank=True, help_text="Up to where its answers have been fetched.")
    due_at = models.DateTimeField(null=True, help_text="When answers are fetched next; empty: it sends them itself.")
    tried_at = models.DateTimeField(null=True, help_text="When it was last tried and this was written down.")
    error = models.CharField(max_length=500, blank=True, help_text="What went wrong then; empty: it answered.")
    created_at = models.DateTimeField(default=clock.now)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("name", "id")
        indexes = (models.Index(fields=("due_at",), condition=Q(due_at__isnull=False), name="workspace_due"),)

    def __str__(self) -> str:
        return self.name

    @property
    def timezone(self) -> str:
        """In which moments are given in its rooms."""
        return str(self.settings.get(TIMEZONE.name) or "UTC")


class Post(models.Model):
    """A message in a chat. When what it is about changes, it is due to be drawn anew."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="posts")
    place = models.CharField(max_length=250)
    message = models.CharField(max_length=250)
    about = models.CharField(
        max_length=40,
        help_text="A letter and a number: n a notification, e an escalation, p a proposal, m a run of a mitigation.",
    )
    # What it is about, as an escalation says it: an alert group, a role, a page. Those packages lie above this one.
    kind = models.CharField(max_length=20)
    subject_id = models.BigIntegerField(null=True)
    shown = models.CharField(max_length=64, blank=True, help_text="A mark of what was drawn last.")
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField(null=True, help_text="When it is drawn anew; empty: it is up to date.")

    class Meta:
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=("workspace", "place", "message"), name="one_post_per_message"),)
        indexes = (
            models.Index(fields=("due_at",), condition=Q(due_at__isnull=False), name="post_due"),
            models.Index(fields=("kind", "subject_id"), name="post_of_subject"),
        )

    def __str__(self) -> str:
        return f"{self.about} in {self.workspace}"
