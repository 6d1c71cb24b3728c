"""The catalog of mitigations and their runs."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ..accounts.models import Person, Team
from ..catalog.models import Service
from ..evidence.models import Indicator
from ..incidents.models import Incident
from ..kernel import clock
from ..kernel.fields import EncryptedJSON


class MitigationKind(models.TextChoices):
    """The ways to stop the bleeding."""

    ROLL_BACK = "roll_back", "Roll back"
    DISABLE = "disable", "Disable a feature"
    FAIL_OVER = "fail_over", "Fail over"
    SCALE_UP = "scale_up", "Scale up"
    RESTART = "restart", "Restart"
    DRAIN = "drain", "Drain"
    BLOCK = "block", "Block"
    OTHER = "other", "Something else"


class Risk(models.TextChoices):
    """What it could make worse."""

    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"


class Runner(models.Model):
    """What carries mitigations out for a team: a repository's workflows, a cluster, a program. Its settings hold secrets."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="runners")
    kind = models.CharField(max_length=40, help_text="Which plugin speaks to it.")
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=64, unique=True)
    settings = EncryptedJSON(default=dict)
    created_at = models.DateTimeField(default=clock.now)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name


class Mitigation(models.Model):
    """Something that can be done for a service (or for any, where none is named) when it hurts."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="mitigations")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, null=True, blank=True, related_name="mitigations")
    kind = models.CharField(max_length=10, choices=MitigationKind.choices)
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=64, unique=True)
    how = models.TextField(help_text="Step by step, for someone without deep knowledge.")
    check_text = models.TextField("How to see that it worked", blank=True)
    undo = models.TextField("How to undo it", blank=True)
    risk = models.CharField(max_length=6, choices=Risk.choices, default=Risk.LOW)
    indicator = models.ForeignKey(
        Indicator, on_delete=models.SET_NULL, null=True, blank=True, related_name="+",
        help_text="What is looked at before and after.",
    )  # fmt: skip
    runner = models.ForeignKey(
        Runner, on_delete=models.PROTECT, null=True, blank=True, related_name="mitigations",
        help_text="What carries it out; empty: somebody does, by hand.",
    )  # fmt: skip
    inputs = models.JSONField(default=dict, blank=True, help_text="What the runner shall do.")
    timeout_seconds = models.PositiveIntegerField(default=900)
    needs_approval = models.BooleanField("A second person approves", default=False)
    managers_only = models.BooleanField("Only managers may run it", default=False)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("risk", "name", "id")

    def __str__(self) -> str:
        return self.name


class MitigationRun(models.Model):
    """One attempt at stopping the bleeding in an incident, and its outcome."""

    class Outcome(models.TextChoices):
        WORKED = "worked", "It worked"
        PARTLY = "partly", "It helped in part"
        NO_EFFECT = "no_effect", "No effect"
        WORSE = "worse", "It made things worse"
        FAILED = "failed", "It could not be carried out"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="mitigation_runs")
    mitigation = models.ForeignKey(Mitigation, on_delete=models.SET_NULL, null=True, blank=True, related_name="runs")
    kind = models.CharField(max_length=10, choices=MitigationKind.choices)
    title = models.CharField(max_length=200)
    started_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=9, choices=Outcome.choices, blank=True)
    note = models.TextField(blank=True)
    client_key = models.CharField(max_length=64, blank=True)
    # What the mitigation's indicator showed, once it has been looked at.
    look_at = models.DateTimeField(
        null=True, help_text="When the engine looks at its effect; empty: it has, or nothing to."
    )
    before = models.FloatField(null=True)
    after = models.FloatField(null=True)
    effect = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("id",)
        indexes = (
            models.Index(fields=("look_at",), condition=Q(look_at__isnull=False), name="run_look_due"),
            models.Index(fields=("mitigation", "-id"), name="run_of_mitigation"),
        )
        constraints = (
            models.CheckConstraint(
                name="run_ends_with_an_outcome",
                condition=Q(ended_at__isnull=True, outcome="") | (Q(ended_at__isnull=False) & ~Q(outcome="")),
            ),
            models.UniqueConstraint(
                fields=("incident", "client_key"), condition=~Q(client_key=""), name="one_run_per_client_key"
            ),
        )

    def __str__(self) -> str:
        return self.title


class RunStep(models.Model):
    """A step of something that is done by hand: as it stood in the catalog when the run began, and who has done it."""

    run = models.ForeignKey(MitigationRun, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveSmallIntegerField(help_text="From 1 on.")
    text = models.CharField(max_length=500)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=("run", "number"), name="one_step_per_number"),)

    def __str__(self) -> str:
        return self.text


class Agent(models.Model):
    """What asks for a runner's orders, when it was last heard from, and which commands its file allows."""

    runner = models.OneToOneField(Runner, on_delete=models.CASCADE, related_name="agent")
    seen_at = models.DateTimeField()
    version = models.CharField(max_length=40, blank=True)
    commands = models.JSONField(default=list)

    def __str__(self) -> str:
        return str(self.runner)


class Execution(models.Model):
    """A run that a runner carries out. Whoever works on it holds a lease, named by ``token``; whoever comes after it has
    run out has another token, so that a late answer changes nothing."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waits for a second person"
        DUE = "due", "About to start"
        SENDING = "sending", "Starting"
        RUNNING = "running", "Being carried out"
        SUCCEEDED = "succeeded", "Carried out"
        FAILED = "failed", "Failed"
        TIMED_OUT = "timed_out", "Took too long: look"
        UNKNOWN = "unknown", "Unknown: look"
        DECLINED = "declined", "Declined"
        CANCELLED = "cancelled", "Cancelled"

    OPEN = (State.WAITING, State.DUE, State.SENDING, State.RUNNING)

    run = models.OneToOneField(MitigationRun, on_delete=models.CASCADE, related_name="execution")
    runner = models.ForeignKey(Runner, on_delete=models.SET_NULL, null=True, related_name="executions")
    key = models.CharField(
        max_length=64, unique=True, help_text="The same for every try: what is ordered once per key."
    )
    inputs = models.JSONField(help_text="As they were when it was started.")
    plan = models.CharField(max_length=500)
    fingerprint = models.CharField(max_length=64, blank=True, help_text="Of all that is carried out, as it was then.")
    state = models.CharField(max_length=9, choices=State.choices)
    due_at = models.DateTimeField(null=True, help_text="When the engine works on it next.")
    deadline_at = models.DateTimeField(null=True)
    token = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    reference = models.JSONField(default=dict)
    output = models.TextField(blank=True)
    link = models.CharField(max_length=1000, blank=True)
    approved_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=("due_at",), condition=Q(due_at__isnull=False), name="execution_due"),)
        constraints = (
            # What is to go on by itself has a due time; what waits for a person, or has ended, has none.
            models.CheckConstraint(
                name="execution_goes_on_or_not",
                condition=Q(state__in=("due", "sending", "running"), due_at__isnull=False, ended_at__isnull=True)
                | Q(state="waiting", due_at__isnull=True, ended_at__isnull=True)
                | Q(
                    state__in=("succeeded", "failed", "timed_out", "unknown", "declined", "cancelled"),
                    due_at__isnull=True,
                    ended_at__isnull=False,
                ),
            ),
        )

    def __str__(self) -> str:
        return str(self.run)

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN


class AgentOrder(models.Model):
    """An execution that was handed out to an agent: one row at most, so that it is handed out once."""

    execution = models.OneToOneField(Execution, on_delete=models.CASCADE, related_name="agent_order")
    token = models.CharField(max_length=64, help_text="Said again with what came of it.")
    fetched_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.execution)
