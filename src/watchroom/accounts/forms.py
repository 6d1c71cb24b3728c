"""Forms about people, teams and tokens."""

from __future__ import annotations

from typing import Any

from django import forms

from ..kernel.errors import WatchroomError
from ..kernel.found import OneOf
from .models import Person, Team
from .roles import SCOPES, Role
from .rules import timezones

ROLES = [(role.word, role.word.capitalize()) for role in Role]
ROLE_HELP = "Viewers look, responders answer pages, managers also change what a team owns, administrators everything."


def blame(form: forms.BaseForm, error: WatchroomError) -> None:
    """Show a refusal at the field that it names, or on top of the form."""
    form.add_error(error.field if error.field in form.fields else None, str(error))


def zone_field(**options: Any) -> forms.ChoiceField:
    """A choice of all time zones."""
    return forms.ChoiceField(
        choices=lambda: [(zone, zone.replace("_", " ")) for zone in timezones()], label="Time zone", **options
    )


class PersonForm(forms.Form):
    """A new person, as an administrator enters them."""

    name = forms.CharField(max_length=100, label="Name")
    email = forms.EmailField(label="E-mail", help_text="They sign in with it.")
    role = forms.ChoiceField(choices=ROLES, label="Role everywhere", help_text=ROLE_HELP)
    timezone = zone_field(initial="UTC")


class NewPersonForm(PersonForm):
    """Somebody who is added, at once into a team."""

    team = OneOf(
        Team.objects.order_by("name"),
        required=False,
        label="Team",
        empty_label="None yet",
        help_text="They join it with the same role.",
    )
    field_order = ("name", "email", "team", "role", "timezone")


class InviteForm(forms.Form):
    """Several people who are invited at once."""

    people = forms.CharField(
        label="Who?",
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "autocomplete": "off"}),
        help_text="One a line, as you have them: Anna Ito <anna@example.org>, cells of a spreadsheet, or the address alone.",
    )
    team = OneOf(Team.objects.order_by("name"), required=False, label="Team", empty_label="None yet")
    role = forms.ChoiceField(choices=ROLES, label="Role", initial="responder", help_text=ROLE_HELP)
    timezone = zone_field(initial="UTC", help_text="They can change theirs when they come in.")


class ProfileForm(forms.Form):
    """What everybody may change of themselves."""

    name = forms.CharField(max_length=100, label="Name", widget=forms.TextInput(attrs={"autocomplete": "name"}))
    timezone = zone_field(help_text="Times are shown in it.")
    theme = forms.ChoiceField(choices=Person._meta.get_field("theme").choices or [], label="Theme")
    shortcuts = forms.BooleanField(required=False, label="Keyboard shortcuts")


class TeamForm(forms.Form):
    """A team's name and description."""

    name = forms.CharField(max_length=100, label="Name")
    slug = forms.CharField(
        required=False,
        max_length=64,
        label="Short name",
        help_text="Stands in addresses. Leave empty to make it of the name.",
    )
    description = forms.CharField(required=False, label="What is it for?", widget=forms.Textarea(attrs={"rows": 3}))


class MemberForm(forms.Form):
    """Somebody for a team."""

    person = OneOf(Person.objects.filter(is_active=True), label="Person")
    role = forms.ChoiceField(choices=ROLES[:3], label="Role in the team", initial="responder")


class TokenForm(forms.Form):
    """A new API token."""

    name = forms.CharField(max_length=100, label="What is it for?")
    scope = forms.ChoiceField(
        choices=[(scope, scope.capitalize()) for scope in SCOPES],
        label="May",
        initial="read",
        help_text="Each includes the ones before it. A token never may more than you.",
    )
    days = forms.TypedChoiceField(
        coerce=int,
        choices=[(30, "30 days"), (90, "90 days"), (365, "a year"), (0, "without end")],
        initial=90,
        label="Works for",
    )


class IdentityProviderForm(forms.Form):
    """A company's own sign-in by SAML. What Watchroom brings up to date by itself remembers what it was when the form was opened:
    whoever changes something else takes nothing back."""

    name = forms.CharField(max_length=100, label="Name", help_text="The button says “Sign in with” and this.")
    metadata_url = forms.CharField(
        required=False,
        max_length=2000,
        label="Address of its metadata",
        help_text="Best: it is read when you save it, and once a day, so that a new certificate is taken over by itself.",
    )
    metadata = forms.CharField(
        required=False,
        label="Or its metadata, pasted",
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="The XML file that it offers for download. It replaces what was known of it.",
    )
    adds_people = forms.BooleanField(
        required=False,
        label="Add people for whom it vouches",
        help_text="Whoever may use this application there becomes a viewer here, or what their groups say. Otherwise an administrator adds people first.",
    )
    domains = forms.CharField(
        required=False,
        max_length=2000,
        label="Domains whose addresses it may speak for",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "none"}),
        help_text="Like example.org, with commas between several. Empty: all, administrators' too.",
    )
    entity_id = forms.CharField(required=False, show_hidden_initial=True, max_length=1024, label="Entity ID (issuer)")
    sso_url = forms.CharField(
        required=False, show_hidden_initial=True, max_length=2000, label="Sign-in address (HTTP-Redirect)"
    )
    certificates = forms.CharField(
        required=False,
        show_hidden_initial=True,
        label="Signing certificates",
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="PEM, one below the other; any one of them may sign. Add the next one before the provider changes to it.",
    )
    email_attribute = forms.CharField(
        required=False,
        max_length=200,
        label="Attribute with the e-mail address",
        help_text="Empty: one of the usual ones, or the NameID.",
    )
    name_attribute = forms.CharField(
        required=False, max_length=200, label="Attribute with the name", help_text="Empty: one of the usual ones."
    )
    groups_attribute = forms.CharField(
        required=False,
        max_length=200,
        label="Attribute with the groups",
        help_text="Empty: one of the usual ones, and an answer without it changes no role. Named here: an answer without it means no groups.",
    )
    unasked = forms.BooleanField(
        required=False,
        label="Sign-in may begin on the provider's own pages",
        help_text="For tiles in its portal (IdP-initiated). Who comes in that way is asked “Sign in as …?” first, unless it is them already.",
    )
    SELDOM = (
        "entity_id",
        "sso_url",
        "certificates",
        "email_attribute",
        "name_attribute",
        "groups_attribute",
        "unasked",
    )

    def only_name(self) -> None:
        """It is new: the provider is given our addresses first."""
        for name in [each for each in self.fields if each != "name"]:
            del self.fields[name]

    def often(self) -> list[forms.BoundField]:
        """What everybody fills in."""
        return [bound for bound in self if bound.name not in self.SELDOM]

    def seldom(self) -> list[forms.BoundField]:
        """What metadata say by themselves, and what is usual."""
        return [bound for bound in self if bound.name in self.SELDOM]

    def seldom_wrong(self) -> bool:
        """Whether something is wrong with what is folded away."""
        return any(bound.errors for bound in self.seldom())


class GrantForm(forms.Form):
    """What being in a group gives."""

    group = forms.CharField(max_length=250, label="Group", help_text="As the provider sends it; Try it shows yours.")
    team = OneOf(Team.objects.order_by("name"), required=False, label="Where", empty_label="Everywhere")
    role = forms.ChoiceField(choices=ROLES, label="Role", initial="responder")
