"""People, teams, tokens and the audit trail."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower

from ..kernel import clock
from ..kernel.fields import EncryptedJSON
from .roles import Role

ROLE_CHOICES = [(role.value, role.word.capitalize()) for role in Role]


class People(BaseUserManager["Person"]):
    """How Django and allauth make accounts."""

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> Person:
        person = self.model(email=self.normalize_email(email).lower(), **extra)
        person.set_password(password)
        person.save()
        return person

    def get_by_natural_key(self, username: str | None) -> Person:
        return self.get(email__iexact=username)


class Person(AbstractBaseUser):
    """Someone who signs in, is paged, or both. Followed by id everywhere, never by name or address."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=100)
    role = models.PositiveSmallIntegerField(choices=ROLE_CHOICES, default=Role.VIEWER)
    timezone = models.CharField(max_length=64, default="UTC")
    theme = models.CharField(
        max_length=5, choices=[("auto", "As the system"), ("light", "Light"), ("dark", "Dark")], default="auto"
    )
    shortcuts = models.BooleanField("Keyboard shortcuts", default=True)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=clock.now)
    is_demo = models.BooleanField(default=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects: ClassVar[People] = People()

    class Meta:
        constraints = (models.UniqueConstraint(Lower("email"), name="one_account_per_address"),)
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    @property
    def initials(self) -> str:
        return "".join(word[0] for word in self.name.split()[:2]).upper() or "?"


class Team(models.Model):
    """Owns services, schedules, policies and integrations."""

    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=64, unique=True)
    description = models.TextField(blank=True)
    people: models.ManyToManyField[Person, Membership] = models.ManyToManyField(
        Person, through="Membership", related_name="teams"
    )
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person's place in a team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    role = models.PositiveSmallIntegerField(choices=ROLE_CHOICES[:3], default=Role.RESPONDER)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("team", "person"), name="one_membership_per_team"),)
        ordering = ("-role", "person__name")

    def __str__(self) -> str:
        return f"{self.person} in {self.team}"


class ApiToken(models.Model):
    """A key with which a program acts for a person, limited to a scope."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    hint = models.CharField(max_length=12, help_text="Its first letters, to recognise it by.")
    key_hash = models.CharField(max_length=64, unique=True)
    scope = models.CharField(
        max_length=10, choices=[(s, s.capitalize()) for s in ("read", "respond", "manage", "admin")]
    )
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"


class AuditRecord(models.Model):
    """Who did what, when. Written in the transaction of the change; never changed, never deleted by hand."""

    at = models.DateTimeField(db_index=True)
    action = models.CharField(max_length=60)  # noun.verb_in_the_past, rendered to prose when shown
    actor_kind = models.CharField(max_length=12)  # person, token, link, system, integration
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    actor_name = models.CharField(max_length=150)
    team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, related_name="+")
    object_kind = models.CharField(max_length=40)
    object_id = models.BigIntegerField(null=True)
    object_name = models.CharField(max_length=200)
    data = models.JSONField(default=dict)
    address = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("object_kind", "object_id", "-id"), name="audit_of_object"),
            models.Index(fields=("person", "-id"), name="audit_of_person"),
        )

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action} {self.object_name}"


class Installation(models.Model):
    """The one row that says how far the first run has come."""

    created_at = models.DateTimeField(default=clock.now)
    set_up_at = models.DateTimeField(null=True, blank=True)
    walk = models.JSONField(default=dict)  # what the first-run walk has made so far
    push_key = EncryptedJSON(null=True)  # by which push services know us (channels/push/keys.py)

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="one_installation"),)

    def __str__(self) -> str:
        return "This installation"
