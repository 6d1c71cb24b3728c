"""Pure decisions of intake: where an alert goes (`tree.py`), when (`intervals.py`), and what follows from it."""

from .declaring import Declares
from .severities import SEVERITY_ORDER, urgency_of, worst
from .tree import (
    DEFAULT_GROUP_BY,
    DEFAULT_GROUP_INTERVAL_SECONDS,
    DEFAULT_GROUP_WAIT_SECONDS,
    EVERY_LABEL,
    Node,
    Outcome,
    Visit,
    explain,
    group_key,
    group_labels,
    outcomes_by_route,
    routes_of,
    says_severity,
    service_labels,
    stands_alone,
)

__all__ = [
    "DEFAULT_GROUP_BY",
    "DEFAULT_GROUP_INTERVAL_SECONDS",
    "DEFAULT_GROUP_WAIT_SECONDS",
    "EVERY_LABEL",
    "SEVERITY_ORDER",
    "Declares",
    "Node",
    "Outcome",
    "Visit",
    "explain",
    "group_key",
    "group_labels",
    "outcomes_by_route",
    "routes_of",
    "says_severity",
    "service_labels",
    "stands_alone",
    "urgency_of",
    "worst",
]
