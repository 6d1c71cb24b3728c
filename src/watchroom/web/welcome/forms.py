"""The walk's forms."""

from __future__ import annotations

from typing import Any

from django import forms

from ...accounts.rules import timezones
from ...channels.base import Channel

_WIDGETS: dict[str, type[forms.Widget]] = {
    "email": forms.EmailInput,
    "url": forms.URLInput,
    "password": forms.PasswordInput,
}


class YouForm(forms.Form):
    """The first account."""

    name = forms.CharField(max_length=100, label="Your name", widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(
        label="E-mail", help_text="You sign in with it.", widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )
    password = forms.CharField(
        label="Password",
        help_text="At least 10 characters.",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    timezone = forms.ChoiceField(
        label="Your time zone",
        initial="UTC",
        help_text="Times are shown in it.",
        widget=forms.Select(attrs={"data-guess-zone": ""}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["timezone"].choices = [(zone, zone.replace("_", " ")) for zone in timezones()]  # type: ignore[attr-defined]


class TeamForm(forms.Form):
    """A team and the first thing that it looks after."""

    team = forms.CharField(
        max_length=80, label="Team", initial="Operations", help_text="Whoever looks after things together."
    )
    service = forms.CharField(
        max_length=100,
        label="Service",
        help_text="Something that people rely on, such as “Web shop”. You can add more later.",
    )


class SourceForm(forms.Form):
    """The first integration."""

    name = forms.CharField(
        max_length=100, label="Name", initial="Prometheus", help_text="To tell it from others later."
    )


class ContactForm(forms.Form):
    """A contact method of a channel; its fields are what the channel asks for."""

    label = forms.CharField(max_length=100, required=False, label="Name", help_text="Such as “My phone”.")

    def __init__(self, channel: Channel, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, prefix=channel.name, **kwargs)
        self.channel = channel
        for each in channel.fields:
            widget = _WIDGETS.get(each.kind, forms.TextInput)(attrs={"autocomplete": "off" if each.secret else "on"})
            self.fields[each.name] = forms.CharField(
                label=each.label, help_text=each.help, required=each.required, max_length=2000, widget=widget
            )
        self.order_fields([*(each.name for each in channel.fields), "label"])

    def settings(self) -> dict[str, Any]:
        """What the channel is to check."""
        return {each.name: self.cleaned_data.get(each.name, "") for each in self.channel.fields}
