"""All that changes people, teams, tokens, and how far the first run has come."""

from .groups import apply_groups, delete_grant, save_grant
from .identity_providers import (
    delete_provider,
    fetch_answer,
    keep_answer,
    read_again,
    save_provider,
    switch_provider,
    unasked_answer,
)
from .invitations import Invitation, accept_invitation, invite, read_invitation
from .inviting import Invited, invite_several
from .people import activate_person, change_person, create_person, deactivate_person
from .scim import drop_group, patch_group, push_group, push_person
from .set_up import finish_walk, record_walk, set_up
from .single_sign_on import switch_single_sign_on_only
from .teams import delete_team, remove_member, save_team, set_member
from .tokens import make_token, revoke_token

__all__ = [
    "Invitation",
    "Invited",
    "accept_invitation",
    "activate_person",
    "apply_groups",
    "change_person",
    "create_person",
    "deactivate_person",
    "delete_grant",
    "delete_provider",
    "delete_team",
    "drop_group",
    "fetch_answer",
    "finish_walk",
    "invite",
    "invite_several",
    "keep_answer",
    "make_token",
    "patch_group",
    "push_group",
    "push_person",
    "read_again",
    "read_invitation",
    "record_walk",
    "remove_member",
    "revoke_token",
    "save_grant",
    "save_provider",
    "save_team",
    "set_member",
    "set_up",
    "switch_provider",
    "switch_single_sign_on_only",
    "unasked_answer",
]
