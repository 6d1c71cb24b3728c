"""Whatever sends to PagerDuty: the Events API v2, and the older v1."""

from .source import PagerDuty

source = PagerDuty()

__all__ = ["source"]
