"""All that changes people, teams, tokens, and how far the first run has come."""

from .invitations import Invitation, accept_invitation, invite, read_invitation
from .people import activate_person, change_person, create_person, deactivate_person
from .set_up import finish_walk, record_walk, set_up
from .teams import delete_team, remove_member, save_team, set_member
from .tokens import make_token, revoke_token

__all__ = [
    "Invitation",
    "accept_invitation",
    "activate_person",
    "change_person",
    "create_person",
    "deactivate_person",
    "delete_team",
    "finish_walk",
    "invite",
    "make_token",
    "read_invitation",
    "record_walk",
    "remove_member",
    "revoke_token",
    "save_team",
    "set_member",
    "set_up",
]
