"""Amazon SNS, and with it the alarms of CloudWatch."""

from .source import Sns

source = Sns()

__all__ = ["source"]
