"""A mapping: what its owner says about how a payload that nobody knows becomes alerts.

Fields are picked by expressions (CEL) and written by templates (Jinja2). Both were written by somebody, so they are carried
out in a process of their own, with little memory and little time (`running.py`, `worker.py`). What came out of it becomes
drafts here; the tests that are kept beside a mapping are run whenever it is saved.
"""

from .drafts import drafts_of, payload_of, read
from .form import checked, in_words
from .settings import checked_settings
from .trying import Outcome, Tested, run_tests, try_on

__all__ = [
    "Outcome", "Tested", "checked", "checked_settings", "drafts_of", "in_words", "payload_of", "read", "run_tests", "try_on",
]  # fmt: skip
