"""Pages of what can be learnt from alerts, pages and shifts."""

from .grouping import grouping, grouping_decide
from .incidents import incidents, incidents_csv
from .limits import crossing, crossing_accept, crossing_close, limits, limits_save
from .pay import pay, pay_csv, pay_rules, pay_stop, pay_withdraw
from .reading import alert_rules, fix, load, load_csv, wait, weekly

__all__ = [
    "alert_rules",
    "crossing",
    "crossing_accept",
    "crossing_close",
    "fix",
    "grouping",
    "grouping_decide",
    "incidents",
    "incidents_csv",
    "limits",
    "limits_save",
    "load",
    "load_csv",
    "pay",
    "pay_csv",
    "pay_rules",
    "pay_stop",
    "pay_withdraw",
    "wait",
    "weekly",
]
