"""OpenTelemetry: log records at or above a severity become alerts (OTLP/HTTP, JSON or protobuf)."""

from .source import OpenTelemetry

source = OpenTelemetry()

__all__ = ["source"]
