"""Scenarios, drills, and what happens in one."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ..accounts.models import Person, Team
from ..actions.models import ActionItem
from ..catalog.models import Service
from ..incidents.models import Incident
from ..kernel import clock


class Scenario(models.Model):
    """A story to practise: what happens when, and what should be done. Nobody who practises it reads it before."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="scenarios")
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=64, unique=True)
    story = models.TextField(blank=True, help_text="Markdown, for whoever facilitates.")
    services: models.ManyToManyField[Service, models.Model] = models.ManyToManyField(
        Service, blank=True, related_name="scenarios"
    )
    severity = models.PositiveSmallIntegerField(default=2, help_text="As which it should be declared.")
    minutes = models.PositiveSmallIntegerField(default=45, help_text="How long a practice takes.")
    injects = models.JSONField(default=list, help_text="As rules.Inject writes them.")
    expectations = models.JSONField(default=list, help_text="As rules.Expectation writes them.")
    made_of = models.CharField(
        max_length=40, blank=True, help_text="The key of the library's scenario that it was made of."
    )
    created_at = models.DateTimeField(default=clock.now)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name


class Drill(models.Model):
    """One practice of a scenario. ``plan`` is the scenario as it was when it began: what is changed later changes no score."""

    class State(models.TextChoices):
        PLANNED = "planned", "Planned"
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        ENDED = "ended", "Ended"
        CALLED_OFF = "called_off", "Called off"

    class Pages(models.TextChoices):
        """Whom its alerts page."""

        POLICY = "policy", "Whoever is on call, by the policy"
        PARTICIPANTS = "participants", "Only those who take part"

    scenario = models.ForeignKey(Scenario, on_delete=models.PROTECT, related_name="drills")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="drills")
    facilitator = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    participants: models.ManyToManyField[Person, models.Model] = models.ManyToManyField(
        Person, blank=True, related_name="drills"
    )
    pages = models.CharField(max_length=12, choices=Pages.choices, default=Pages.PARTICIPANTS)
    surprise = models.BooleanField(default=False, help_text="Those who take part are not told ahead.")
    planned_for = models.DateTimeField()
    planned_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    planned_at = models.DateTimeField(default=clock.now)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNED)
    plan = models.JSONField(default=dict, help_text="The scenario as it was when it began.")
    started_at = models.DateTimeField(null=True)
    began_at = models.DateTimeField(null=True, help_text="When its first signal came: from then on it is measured.")
    paused_at = models.DateTimeField(null=True)
    pauses = models.JSONField(default=list, help_text="From when until when it was paused.")
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(max_length=300, blank=True)
    look_at = models.DateTimeField(null=True, help_text="When it is looked next whether real work has begun.")
    incident = models.ForeignKey(Incident, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    percent = models.PositiveSmallIntegerField(null=True, help_text="Its score, once it has ended.")
    shared_at = models.DateTimeField(null=True, help_text="When its debrief was shared with the team.")
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("-id",)
        constraints = (
            # Its alerts are told from others by team and time.
            models.UniqueConstraint(
                fields=("team",), condition=Q(state__in=("running", "paused")), name="one_running_drill_per_team"
            ),
            models.CheckConstraint(
                name="drill_is_where_it_says",
                condition=Q(state="planned", started_at__isnull=True, ended_at__isnull=True, paused_at__isnull=True)
                | Q(
                    state="running",
                    started_at__isnull=False,
                    ended_at__isnull=True,
                    look_at__isnull=False,
                    paused_at__isnull=True,
                )
                | Q(
                    state="paused",
                    started_at__isnull=False,
                    ended_at__isnull=True,
                    look_at__isnull=False,
                    paused_at__isnull=False,
                )
                | Q(
                    state="ended",
                    started_at__isnull=False,
                    ended_at__isnull=False,
                    look_at__isnull=True,
                    paused_at__isnull=True,
                )
                | Q(
                    state="called_off",
                    started_at__isnull=True,
                    ended_at__isnull=False,
                    look_at__isnull=True,
                    paused_at__isnull=True,
                ),
            ),
        )
        indexes = (
            models.Index(fields=("look_at",), condition=Q(look_at__isnull=False), name="drill_look_due"),
            models.Index(fields=("team", "-ended_at"), name="drill_of_team"),
        )

    def __str__(self) -> str:
        return f"Drill {self.pk}: {self.scenario}"

    @property
    def is_on(self) -> bool:
        """It has begun and not ended."""
        return self.state in (self.State.RUNNING, self.State.PAUSED)

    @property
    def is_over(self) -> bool:
        return self.state == self.State.ENDED


class DrillInject(models.Model):
    """An inject of a drill: waiting, with a due time or for somebody's press; delivered; or skipped."""

    class State(models.TextChoices):
        WAITING = "waiting", "To come"
        DELIVERED = "delivered", "Happened"
        SKIPPED = "skipped", "Left out"

    drill = models.ForeignKey(Drill, on_delete=models.CASCADE, related_name="injects")
    number = models.PositiveSmallIntegerField(help_text="From 1 on.")
    content = models.JSONField(help_text="As rules.Inject writes it.")
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    due_at = models.DateTimeField(null=True, help_text="Empty while it waits: when the facilitator presses.")
    at = models.DateTimeField(null=True, help_text="When it happened, or was left out.")
    by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    outcome = models.CharField(max_length=300, blank=True)
    leaver = models.ForeignKey(
        Person,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        help_text="Who has been called away and is still there.",
    )
    in_room = models.BooleanField(default=False, help_text="It stands in the log of the incident.")

    class Meta:
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=("drill", "number"), name="one_inject_per_number"),
            models.CheckConstraint(
                name="inject_waits_or_is_done",
                condition=Q(state="waiting", at__isnull=True)
                | (~Q(state="waiting") & Q(due_at__isnull=True, at__isnull=False)),
            ),
        )
        indexes = (models.Index(fields=("due_at",), condition=Q(due_at__isnull=False), name="inject_due"),)

    def __str__(self) -> str:
        return f"Inject {self.number} of drill {self.drill_id}"


class PracticePlan(models.Model):
    """A team practises every so many weeks: each drill is planned by itself some days before."""

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="practice_plan")
    weeks = models.PositiveSmallIntegerField()
    next_at = models.DateTimeField(help_text="When the next drill is that was not planned yet.")
    timezone = models.CharField(max_length=64, default="UTC", help_text="By whose clocks it comes again.")
    scenario = models.ForeignKey(
        Scenario, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", help_text="Empty: one by chance."
    )
    facilitators = models.JSONField(help_text="Numbers of people, in the order in which they take turns.")
    turn = models.PositiveIntegerField(default=0, help_text="Whose turn is next.")
    pages = models.CharField(max_length=12, choices=Drill.Pages.choices, default=Drill.Pages.PARTICIPANTS)
    due_at = models.DateTimeField(db_index=True, help_text="When the next drill is planned.")
    problem = models.CharField(max_length=300, blank=True, help_text="Why the last one could not be planned.")

    def __str__(self) -> str:
        return f"Practice of {self.team}"


class DrillNote(models.Model):
    """What somebody who took part says in the debrief."""

    class Kind(models.TextChoices):
        WELL = "well", "Went well"
        MEND = "mend", "To mend"

    drill = models.ForeignKey(Drill, on_delete=models.CASCADE, related_name="notes")
    kind = models.CharField(max_length=4, choices=Kind.choices)
    text = models.CharField(max_length=1000)
    at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    action = models.ForeignKey(ActionItem, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.text[:80]
