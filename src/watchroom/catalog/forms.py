"""The form of a service."""

from __future__ import annotations

from typing import Any

from django import forms

from ..accounts.actors import Actor
from ..accounts.models import Team
from ..accounts.roles import Action
from ..kernel.errors import Refused
from ..kernel.found import OneOf, SomeOf
from .models import Service
from .queries import services_visible_to
from .rules import labels_from, links_from


class ServiceForm(forms.Form):
    """A service with everything that is known about it; lists are written line by line."""

    name = forms.CharField(max_length=100, label="Name")
    team = OneOf(Team.objects.none(), label="Owned by", empty_label="Choose a team")
    tier = forms.TypedChoiceField(
        coerce=int, choices=Service.Tier.choices, initial=Service.Tier.IMPORTANT, label="Tier"
    )
    policy: forms.ModelChoiceField[Any] = OneOf(
        None, required=False, label="Escalation policy", empty_label="None: its alerts page the team's managers"
    )
    description = forms.CharField(required=False, label="What is it?", widget=forms.Textarea(attrs={"rows": 3}))
    links = forms.CharField(
        required=False,
        label="Links",
        widget=forms.Textarea(attrs={"rows": 4, "class": "mono"}),
        help_text=(
            "One per line: kind, address, name. For example “runbook https://wiki.example.org/checkout When checkout is slow”. "
            "Kinds: runbook, dashboard, logs, traces, repository, docs, other."
        ),
    )
    labels = forms.CharField(
        required=False,
        label="Labels",
        widget=forms.Textarea(attrs={"rows": 2, "class": "mono"}),
        help_text="One per line, such as region=eu-west.",
    )
    needs = SomeOf(Service.objects.none(), required=False, label="Does not work without")
    slug = forms.CharField(
        required=False,
        max_length=64,
        label="Short name",
        help_text="Stands in addresses. Leave empty to make it of the name.",
    )

    def __init__(self, *args: Any, actor: Actor, service: Service | None = None, **kwargs: Any) -> None:
        if service is not None:
            kwargs["initial"] = {
                "name": service.name,
                "team": service.team_id,
                "tier": service.tier,
                "policy": service.policy_id,
                "description": service.description,
                "slug": service.slug,
                "links": "\n".join(f"{link.kind} {link.url} {link.label}" for link in service.links.all()),
                "labels": "\n".join(f"{name}={value}" for name, value in service.labels.items()),
                "needs": list(service.needs.values_list("needs_id", flat=True)),
            }
        super().__init__(*args, **kwargs)
        related: Any = Service._meta.get_field("policy").related_model
        self.fields["team"].queryset = actor.teams_where(Action.MANAGE)  # type: ignore[attr-defined]
        self.fields["policy"].queryset = related.objects.all()  # type: ignore[attr-defined]
        others = services_visible_to(actor).exclude(pk=service.pk) if service else services_visible_to(actor)
        self.fields["needs"].queryset = others.order_by("name")  # type: ignore[attr-defined]
        if not others.exists():
            del self.fields["needs"]

    def clean_links(self) -> list[dict[str, str]]:
        """The lines as links."""
        return links_from(self.cleaned_data["links"])

    def clean_labels(self) -> dict[str, str]:
        """The lines as labels."""
        try:
            return labels_from(self.cleaned_data["labels"])
        except Refused as error:
            raise forms.ValidationError(str(error)) from None

    def values(self) -> dict[str, Any]:
        """What the command takes."""
        data = dict(self.cleaned_data)
        policy = data.pop("policy")
        return data | {"policy": policy.pk if policy else None, "needs": [each.pk for each in data.get("needs", ())]}
