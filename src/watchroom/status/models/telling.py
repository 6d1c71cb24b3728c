"""Who is told of what: subscribers of pages, lists of stakeholders, and every message with its attempts."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ...accounts.models import Team
from ...incidents.models import Update
from ...kernel import clock
from ...kernel.fields import EncryptedJSON
from .maintenance import MaintenanceNote
from .pages import Component, StatusPage


class Subscriber(models.Model):
    """A stranger who asked to be told. Nothing but a request to confirm is ever sent before they have confirmed."""

    class Kind(models.TextChoices):
        EMAIL = "email", "E-mail"
        WEBHOOK = "webhook", "Webhook"
        SLACK = "slack", "Slack"

    class State(models.TextChoices):
        PENDING = "pending", "Not confirmed yet"
        ACTIVE = "active", "Is told"
        ENDED = "ended", "Has ended"

    page = models.ForeignKey(StatusPage, on_delete=models.CASCADE, related_name="subscribers")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    settings = EncryptedJSON(help_text="The address; for a webhook also the secret that signs.")
    fingerprint = models.CharField(max_length=64, help_text="Of the address, so that it is there once.")
    hint = models.CharField(max_length=100, help_text="What colleagues see of the address.")
    language = models.CharField(max_length=5, default="en")
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    all_components = models.BooleanField(default=True)
    components: models.ManyToManyField[Component, models.Model] = models.ManyToManyField(
        Component, related_name="subscribers", blank=True
    )
    as_reader = models.BooleanField(
        default=False, help_text="Asked by who may read the page while it was not public: told even then."
    )
    failures = models.PositiveSmallIntegerField(default=0, help_text="Deliveries in a row that failed for good.")
    end_reason = models.CharField(max_length=100, blank=True)
    asked_at = models.DateTimeField(default=clock.now)
    confirmed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("page", "kind", "fingerprint"), name="one_subscription_per_address"),
        )
        indexes = (
            models.Index(fields=("page", "state", "id"), name="subscriber_of_page"),
            models.Index(fields=("asked_at",), condition=Q(state="pending"), name="subscriber_pending"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.hint}"


class Audience(models.TextChoices):
    """For whom something is worded."""

    INTERNAL = "internal", "Colleagues"
    CUSTOMERS = "customers", "Customers"
    EXECUTIVES = "executives", "Executives"


class StakeholderList(models.Model):
    """People and channels that hear every update of a team's incidents, in the words of their audience."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="stakeholder_lists")
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=64, unique=True)
    audience = models.CharField(max_length=10, choices=Audience.choices, default=Audience.INTERNAL)
    least_severity = models.PositiveSmallIntegerField(default=3, help_text="Told of SEV1 up to this one.")
    every_team = models.BooleanField(default=False, help_text="Of every team's incidents, not only its own.")
    created_at = models.DateTimeField(default=clock.now)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name


class Recipient(models.Model):
    """One address of a list, reached by a channel."""

    list = models.ForeignKey(StakeholderList, on_delete=models.CASCADE, related_name="recipients")
    channel = models.CharField(max_length=40, help_text="A plugin of watchroom.channels.")
    settings = EncryptedJSON()
    fingerprint = models.CharField(max_length=64)
    description = models.CharField(max_length=200, help_text="Without secrets.")

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("list", "channel", "fingerprint"), name="one_recipient_per_address"),
        )

    def __str__(self) -> str:
        return f"{self.channel}: {self.description}"


class Announcement(models.Model):
    """Something that all subscribers of a page, or a list, are to be told. The engine makes the deliveries of it."""

    page = models.ForeignKey(StatusPage, on_delete=models.CASCADE, null=True, related_name="announcements")
    list = models.ForeignKey(StakeholderList, on_delete=models.CASCADE, null=True, related_name="announcements")
    update = models.ForeignKey(Update, on_delete=models.CASCADE, null=True, related_name="announcements")
    note = models.ForeignKey(MaintenanceNote, on_delete=models.CASCADE, null=True, related_name="announcements")
    reached = models.BigIntegerField(default=0, help_text="The last subscriber for whom there is a delivery.")
    created_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField(null=True, help_text="None once there are deliveries for all.")

    class Meta:
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(condition=Q(page__isnull=True) ^ Q(list__isnull=True), name="announced_to_one"),
            models.CheckConstraint(condition=Q(update__isnull=True) ^ Q(note__isnull=True), name="announces_one"),
            models.UniqueConstraint(fields=("page", "update"), name="update_announced_once_per_page"),
            models.UniqueConstraint(fields=("list", "update"), name="update_announced_once_per_list"),
        )
        indexes = (models.Index(fields=("due_at",), condition=Q(due_at__isnull=False), name="announcement_due"),)

    def __str__(self) -> str:
        return str(self.update or self.note)


class Delivery(models.Model):
    """One message to one subscriber or recipient. Without an announcement: the request to confirm."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"
        DROPPED = "dropped", "Not wanted any more"

    announcement = models.ForeignKey(Announcement, on_delete=models.CASCADE, null=True, related_name="deliveries")
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, null=True, related_name="deliveries")
    recipient = models.ForeignKey(Recipient, on_delete=models.CASCADE, null=True, related_name="deliveries")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    tried = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "deliveries"
        constraints = (
            models.CheckConstraint(
                condition=Q(due_at__isnull=True) ^ Q(ended_at__isnull=True), name="delivery_due_or_over"
            ),
            models.CheckConstraint(
                condition=Q(subscriber__isnull=True) ^ Q(recipient__isnull=True), name="delivery_to_one"
            ),
            models.UniqueConstraint(fields=("announcement", "subscriber"), name="one_delivery_per_subscriber"),
            models.UniqueConstraint(fields=("announcement", "recipient"), name="one_delivery_per_recipient"),
        )
        indexes = (models.Index(fields=("due_at",), condition=Q(due_at__isnull=False), name="delivery_due"),)

    def __str__(self) -> str:
        return f"{self.announcement or 'Please confirm'} to {self.subscriber or self.recipient}"


class DeliveryAttempt(models.Model):
    """One try."""

    class Outcome(models.TextChoices):
        SENT = "sent", "Sent"
        AGAIN = "again", "Failed, tried again"
        FAILED = "failed", "Failed for good"

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=6, choices=Outcome.choices, blank=True)
    detail = models.CharField(max_length=300, blank=True)
    provider_id = models.CharField(max_length=250, blank=True)

    class Meta:
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=("delivery", "number"), name="one_delivery_attempt_per_number"),)

    def __str__(self) -> str:
        return f"{self.number}: {self.outcome or 'running'}"
