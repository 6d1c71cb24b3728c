"""Prometheus and whatever else sends alerts to an Alertmanager: the same address, the same meaning."""

from .source import Alertmanager

source = Alertmanager()

__all__ = ["source"]
