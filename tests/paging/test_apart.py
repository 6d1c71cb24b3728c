"""What takes long has a thread of its own in an engine, so that it never delays a page."""

from __future__ import annotations

from watchroom.engine.loop import all_duties


def test_looking_weeks_ahead_never_waits_in_front_of_a_page() -> None:
    threads = {duty.name: thread for thread, duties in all_duties().items() for duty in duties}
    assert threads["escalations"] == threads["notifications"] == "paging"
    assert threads["look-ahead"] not in {thread for name, thread in threads.items() if name != "look-ahead"}
