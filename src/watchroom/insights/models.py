"""What insights keep: which teams are told every week what to fix, what they bear, and where that was crossed."""

from __future__ import annotations

from datetime import date

from django.db import models

from ..accounts.models import Person, Team
from ..actions.models import ActionItem
from ..intake.models import Route
from ..kernel import clock
from ..oncall.models import Absence, Swap


class WeeklyList(models.Model):
    """A team whose managers get the list of its alerts to fix, once a week. No row: nobody does."""

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="weekly_list")
    due_at = models.DateTimeField(help_text="When the next one goes.")

    class Meta:
        indexes = (models.Index(fields=("due_at",), name="weekly_list_due"),)

    def __str__(self) -> str:
        return f"weekly list of {self.team}"


class TeamLimits(models.Model):
    """What a team bears. No row: the defaults warn on its page, and nobody is told."""

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="load_limits")
    pages_per_shift = models.PositiveSmallIntegerField(help_text="Within twelve hours; of all of these 0: no limit.")
    nights_per_week = models.PositiveSmallIntegerField()
    hours_per_month = models.PositiveSmallIntegerField()
    weeks_in_a_row = models.PositiveSmallIntegerField()
    share_percent = models.PositiveSmallIntegerField()
    due_at = models.DateTimeField(help_text="When it is looked at next.")

    class Meta:
        indexes = (models.Index(fields=("due_at",), name="team_limits_due"),)

    def __str__(self) -> str:
        return f"limits of {self.team}"


class Crossing(models.Model):
    """Somebody carried more than a limit of their team. They and the team's managers were told, once."""

    class Kind(models.TextChoices):
        PAGES = "pages", "Pages in a shift"
        NIGHTS = "nights", "Broken nights"
        HOURS = "hours", "Hours on call"
        WEEKS = "weeks", "Weeks without a break"
        SHARE = "share", "Share of the pages"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=6, choices=Kind.choices)
    value = models.PositiveIntegerField()
    limit = models.PositiveIntegerField()
    since = models.DateTimeField(help_text="From when on it was counted.")
    noticed_at = models.DateTimeField()
    text = models.CharField(max_length=200)
    absence = models.ForeignKey(Absence, on_delete=models.SET_NULL, null=True, related_name="+")
    swaps = models.ManyToManyField(Swap, related_name="+")
    fixes = models.ManyToManyField(ActionItem, related_name="+")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ("-noticed_at", "-id")
        indexes = (models.Index(fields=("team", "-noticed_at"), name="crossing_of_team"),)

    def __str__(self) -> str:
        return f"{self.person}: {self.text}"


class TeamPay(models.Model):
    """By which rules a team pays for on-call from a day on. No row: hours are counted, and nothing is paid.

    A row is never changed: of those that hold from the same day the newest counts, and the others say what held before.
    """

    EVER = date(2000, 1, 1)  # a team's first rules hold for all that it has worked

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="pay")
    valid_from = models.DateField(default=EVER, help_text="By the clock of each schedule.")
    rules = models.JSONField(null=True, help_text="As rules/pay_book.py writes them: all texts. Null: nothing is paid.")
    reason = models.CharField(max_length=200, blank=True, help_text="Why months that were over have changed.")
    made_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("valid_from", "id")

    def __str__(self) -> str:
        return f"pay of {self.team} from {self.valid_from}"


class GroupingTurn(models.Model):
    """When it is next looked for alerts that always fire together. One row."""

    due_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"due at {self.due_at:%Y-%m-%d %H:%M}"


class GroupingSuggestion(models.Model):
    """Alerts that always fire together, and the label by which they would be one alert group. Nothing is changed before
    somebody accepts it."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ACCEPTED = "accepted", "Accepted"
        DISMISSED = "dismissed", "Dismissed"

    route = models.ForeignKey(
        Route, on_delete=models.CASCADE, null=True, related_name="+", help_text="None: what no route takes."
    )
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="grouping_suggestions")
    label = models.CharField(max_length=200)
    rules = models.JSONField(default=list, help_text="The alertnames that fire together.")
    alerts = models.PositiveIntegerField()
    times = models.PositiveIntegerField(help_text="How often any of them fired; so many groups they would have been.")
    together = models.PositiveIntegerField(help_text="How often (nearly) all of them fired within two minutes.")
    groups = models.PositiveIntegerField(help_text="How many alert groups they were.")
    messages = models.PositiveIntegerField(default=0, help_text="How many messages people got about them.")
    messages_grouped = models.PositiveIntegerField(default=0, help_text="How many it would have been, about.")
    days = models.PositiveSmallIntegerField(help_text="Over how many days it was counted.")
    whole = models.BooleanField(help_text="Nothing else goes through that route: it can be changed itself.")
    examples = models.JSONField(default=list, help_text="The alert groups of the last time, by id.")
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    counted_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    made = models.ForeignKey(Route, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(state="open", decided_at__isnull=True)
                | (~models.Q(state="open") & models.Q(decided_at__isnull=False)),
                name="grouping_suggestion_decided",
            ),
        )
        indexes = (models.Index(fields=("state", "-id"), name="grouping_suggestion_state"),)

    def __str__(self) -> str:
        return f"Group by {self.label}: {', '.join(self.rules)}"[:200]

    @property
    def spared(self) -> int:
        return self.groups - self.times

    @property
    def evidence(self) -> str:
        """Why, in one sentence."""
        said = (
            f" People got {self.messages} message{'s' if self.messages != 1 else ''} about them; it would have been about "
            f"{self.messages_grouped}."
            if self.messages
            else ""
        )
        return (
            f"These {self.alerts} alerts fired within 2 minutes of each other {self.together} times of {self.times} in "
            f"{self.days} days. Grouped by {self.label} they would have made {self.times} alert groups instead of "
            f"{self.groups}.{said}"
        )
