"""Mails and SNS messages that are broken in every way that their readers know: an alert, or a problem that says what to mend."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime

from peers.amazon import ALARM, CERTIFICATE, Amazon
from peers.malformed import broken_messages, letters, posted_letters
from watchroom.sources.base import Inbound, Parsed
from watchroom.sources.email import source as email
from watchroom.sources.sns import source as sns

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def checked(parsed: Parsed) -> str:
    """What came of it. Whatever it is can be stored as it is, and whoever reads a problem knows what to do."""
    for problem in parsed.problems:
        assert problem.field and problem.fix and len(problem.value) <= 120
    for draft in parsed.drafts:
        said = [draft.dedup_key, draft.title, draft.link, *draft.labels.values(), *draft.annotations.values()]
        assert draft.dedup_key and (draft.act != "fire" or (draft.title and draft.labels))
        assert all(text.encode() is not None and "\0" not in text for text in said)
    return "an alert" if parsed.drafts else "a problem" if parsed.problems else "no news"


def test_any_letter_is_an_alert_or_a_problem() -> None:
    found: Counter[str] = Counter()
    for body in letters(20261126, 700):
        inbound = Inbound("/smtp", body, "message/rfc822", NOW)
        parsed = email.parse(inbound)
        found[checked(parsed)] += 1
        checked(email.glance(inbound))
        assert parsed == email.parse(inbound)
    assert found["an alert"] > 200 and found["a problem"] > 100


def test_any_letter_that_a_mail_service_brings_is_an_alert_or_a_problem() -> None:
    found: Counter[str] = Counter()
    for path, content_type, body in posted_letters(20261126, 700):
        inbound = Inbound(path, body, content_type, NOW)
        parsed = email.parse(inbound)
        found[checked(parsed)] += 1
        checked(email.glance(inbound))
        assert 200 <= email.reply(parsed).status < 500
    assert found["an alert"] > 150 and found["a problem"] > 200


def test_no_broken_message_of_sns_is_believed() -> None:
    amazon = Amazon()
    good = [amazon.notification(ALARM), amazon.notification("It burns", "1"), amazon.confirmation()]
    genuine = {repr(sns.parse(_sns(amazon, each)).drafts) for each in map(_bytes, good)}
    for body in broken_messages(20261126, 700, good):
        inbound = _sns(amazon, body)
        parsed = sns.parse(inbound)
        assert checked(parsed) == "a problem" or repr(parsed.drafts) in genuine
        assert sns.certificate_address(inbound) in ("", CERTIFICATE)
        assert sns.reply(parsed).status in (200, 400, 401)


def _bytes(said: object) -> bytes:
    return json.dumps(said).encode()


def _sns(amazon: Amazon, body: bytes) -> Inbound:
    return Inbound("", body, "text/plain", NOW, headers={"signing-certificate": amazon.pem})
