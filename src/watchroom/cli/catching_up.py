"""The catch-up in a terminal."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from .show import _console, text


def caught_up(found: Any) -> None:
    """Everything in the order in which one reads it; what there is nothing of is left out."""
    console = _console()

    def say(name: str, said: str) -> None:
        if said:
            console.print(Text.assemble((f"{name:<12}", "bold"), said))

    console.print(Text(found["state"], style="bold"))
    say("Impact", found["impact"])
    say("Known", found["summary"])
    say(
        "Who",
        ", ".join(
            f"{each['person']} ({each['role']}{'' if each['accepted'] else ', being paged'})" for each in found["roles"]
        ),
    )
    say("Tried", "; ".join(f"{each['title']}: {each['standing']}" for each in found["tried"]))
    ideas = [f"confirmed: {each['text']}" for each in found["confirmed_hypotheses"]]
    ideas += [
        f"#{each['id']} {each['text']}" + (f" ({each['tester']} tests it)" if each["standing"] == "testing" else "")
        for each in found["open_hypotheses"]
    ]
    if found["ruled_out"]:
        ideas.append(f"{found['ruled_out']} ruled out")
    say("Could be", "; ".join(ideas))
    say("Asked", "; ".join(f"#{each['id']} {each['text']}" for each in found["questions"]))
    say("Next", found["next"] + (f" ({found['next_by']} leads)" if found["next"] and found["next_by"] else ""))
    say("Tasks", "; ".join(f"{each['id']} {each['text']}: {each['person'] or 'nobody'}" for each in found["tasks"]))
    if found["next_update_at"]:
        say("Next update", text(found["next_update_at"]) + (", overdue" if found["update_overdue"] else ""))
    if found["news"]:
        console.print(Text(f"\nSince {text(found['since'])}" if found["since"] else "\nFrom the start", style="bold"))
        for each in found["news"]:
            console.print(Text(f"{each['at'][11:16]}  {each['text']}"))
        if found["more"]:
            console.print(Text(f"and {found['more']} more lines", style="dim"))
