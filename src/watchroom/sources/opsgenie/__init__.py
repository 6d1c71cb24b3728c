"""Whatever sends to Opsgenie: its Alert API."""

from .source import Opsgenie

source = Opsgenie()

__all__ = ["source"]
