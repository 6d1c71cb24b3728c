"""The table of telephone accounts."""

from __future__ import annotations

from django.apps import AppConfig


class Phones(AppConfig):
    """See the module's text."""

    name = "watchroom.channels.phones"
    label = "phones"
