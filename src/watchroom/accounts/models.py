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


class IdentityProvider(models.Model):
    """A company's own sign-in (SAML 2.0): whom it vouches for comes in."""

    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=64, unique=True, help_text="Stands in the addresses that it is given.")
    enabled = models.BooleanField(default=False)
    metadata_url = models.CharField(
        max_length=2000, blank=True, help_text="Read again once a day, for new certificates."
    )
    read_at = models.DateTimeField(null=True, help_text="When its metadata was read last, or tried to.")
    error = models.CharField(max_length=500, blank=True, help_text="What went wrong then.")
    entity_id = models.CharField(max_length=1024, blank=True)
    sso_url = models.CharField(max_length=2000, blank=True)
    certificates = models.JSONField(default=list, help_text="PEM; any one of them may sign.")
    email_attribute = models.CharField(max_length=200, blank=True, help_text="Empty: one of the usual ones.")
    name_attribute = models.CharField(max_length=200, blank=True)
    groups_attribute = models.CharField(max_length=200, blank=True)
    domains = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        help_text="Of the addresses that it may speak for; empty: of all.",
    )
    adds_people = models.BooleanField(default=False, help_text="Whether strangers for whom it vouches become viewers.")
    unasked = models.BooleanField(default=False, help_text="Whether sign-in may begin on its own pages.")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name


class SamlAnswer(models.Model):
    """An answer of a provider that held. Kept for as long as it could be sent again, so that it counts once."""

    provider = models.ForeignKey(IdentityProvider, on_delete=models.CASCADE, related_name="answers")
    mark = models.CharField(max_length=64, help_text="Of its assertion's ID.")
    key_hash = models.CharField(max_length=64, unique=True, help_text="Of the key with which the browser comes for it.")
    asked = models.CharField(max_length=200, blank=True, help_text="The request that it answers; empty: nobody asked.")
    said = EncryptedJSON(null=True, help_text="What it vouches for, until the browser has come for it.")
    kept_at = models.DateTimeField(default=clock.now)
    until = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("provider", "mark"), name="answer_counts_once"),)

    def __str__(self) -> str:
        return f"An answer of {self.provider}"


class GroupGrant(models.Model):
    """What being in a group of an identity provider gives: a role everywhere, or one in a team."""

    group = models.CharField(max_length=250)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True, related_name="grants")
    role = models.PositiveSmallIntegerField(choices=ROLE_CHOICES)

    class Meta:
        ordering = ("group", "id")
        constraints = (
            models.UniqueConstraint(fields=("group", "team"), name="one_grant_per_group_and_team"),
            models.UniqueConstraint(
                fields=("group",), condition=models.Q(team__isnull=True), name="one_grant_everywhere"
            ),
        )

    def __str__(self) -> str:
        return f"{self.group} in {self.team}" if self.team else self.group


class ScimUser(models.Model):
    """How an identity provider that pushes people (SCIM) knows one of them."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="scim")
    user_name = models.CharField(max_length=254, unique=True)
    external_id = models.CharField(max_length=254, blank=True, db_index=True)

    def __str__(self) -> str:
        return self.user_name


class ScimGroup(models.Model):
    """A group that an identity provider has pushed, with who is in it."""

    name = models.CharField(max_length=250, unique=True)
    external_id = models.CharField(max_length=254, blank=True, db_index=True)
    people: models.ManyToManyField[Person, models.Model] = models.ManyToManyField(Person, related_name="scim_groups")

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.name


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
            models.Index(fields=("object_kind", "-id"), name="audit_of_kind"),
            models.Index(fields=("person", "-id"), name="audit_of_person"),
        )

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action} {self.object_name}"


class Installation(models.Model):
    """The one row that says how far the first run has come."""

    created_at = models.DateTimeField(default=clock.now)
    set_up_at = models.DateTimeField(null=True, blank=True)
    walk = models.JSONField(default=dict)  # what the first-run walk has made so far
    single_sign_on_only = models.BooleanField(
        default=False, db_default=False, help_text="Whether passwords are off for all but administrators."
    )
    push_key = EncryptedJSON(null=True)  # by which push services know us (channels/push/keys.py)

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="one_installation"),)

    def __str__(self) -> str:
        return "This installation"
