"""Whether identity providers are the only way in."""

from __future__ import annotations

from ...kernel.db import locked
from ...kernel.errors import Conflict
from ..actors import Actor
from ..changes import change
from ..models import Installation
from ..queries import administrators_come_in
from ..roles import Action


def switch_single_sign_on_only(by: Actor, *, on: bool) -> None:
    """Let nobody in by a password or a passkey, or sign up, but administrators, who need a way for the night on which the provider
    is down; or everybody again. Who is in stays in.

    :raises Conflict: nobody who could take it back has come in by a provider yet.
    """
    with change(by, f"single_sign_on_only.{'on' if on else 'off'}", needs=Action.ADMINISTER) as made:
        if on and not administrators_come_in():
            raise Conflict(
                "No administrator has come in by an identity provider that is switched on.",
                field="on",
                value=on,
                fix="Sign in by it yourself once: then it is sure that it works.",
            )
        Installation.objects.get_or_create(pk=1, defaults={"created_at": made.at})
        locked(Installation.objects.filter(pk=1)).update(single_sign_on_only=on)
