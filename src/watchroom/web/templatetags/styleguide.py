"""Sample values for ``styleguide.html``, which shows every component in every state. Not for other pages."""

from __future__ import annotations

from datetime import timedelta

from django import forms, template

from watchroom.kernel.clock import now

from . import _badges

register = template.Library()


class SampleForm(forms.Form):
    """One field of each kind."""

    title = forms.CharField(
        help_text="In the words of someone who is affected, such as: checkout fails for card payments."
    )
    severity = forms.ChoiceField(choices=[("1", "SEV1: everyone is affected"), ("2", "SEV2: many are affected")])
    summary = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    visibility = forms.ChoiceField(widget=forms.RadioSelect, choices=[("all", "Everyone"), ("team", "Only the team")])
    drill = forms.BooleanField(
        required=False, label="This is a drill", help_text="Never on a status page, never in statistics."
    )


@register.simple_tag
def samples() -> dict[str, object]:
    """Times, forms and numbers to draw the components with."""
    at = now()
    wrong = SampleForm({"title": "", "severity": "9", "visibility": ""})
    wrong.is_valid()
    return {
        "minutes_ago": at - timedelta(minutes=7),
        "hours_ago": at - timedelta(hours=3, minutes=20),
        "days_ago": at - timedelta(days=5),
        "soon": at + timedelta(minutes=12),
        "long_ago": at - timedelta(days=80),
        "form": SampleForm(auto_id="good_%s"),
        "wrong": wrong,
        "severities": list(_badges.SEVERITIES),
        "states": list(_badges.STATES),
        "entries": list(_badges.ENTRIES),
        "numbers": [3, 5, 2, 8, 13, 7, 4, 9, 1, 0, 6, 12],
        "days": ["Mon", "Tue", "Wed", "Thu"],
        "week": (at - timedelta(days=1), at + timedelta(days=6)),
        "lanes": [
            (
                "On call now",
                [
                    (at - timedelta(days=3), at + timedelta(days=2), "Ana Ruiz"),
                    (at + timedelta(days=2), at + timedelta(days=3), ""),
                    (at + timedelta(days=3), at + timedelta(days=9), "Bo Ng"),
                ],
            ),
            ("Overrides", [(at + timedelta(hours=12), at + timedelta(hours=40), "Kim covers", "info")]),
        ],
        "uptime": [
            (
                at.date() - timedelta(days=89 - i),
                "major_outage" if i == 40 else "degraded" if i in {11, 12, 70} else "ok",
                "17 min down" if i == 40 else "slow" if i in {11, 12, 70} else "no trouble",
            )
            for i in range(90)
        ],
    }
