"""Routes for invitations to rooms' pages."""

from longroom.client.addresses import segment
from longroom.client.connection import Connection
from retrieval.wire import (
    DEFAULT_INVITATION_S,
    CreateInvitation,
    Invitation,
    Invitations,
    NewInvitation,
)


class InvitationRoutes(Connection):
    """For keys of the scope agent or admin."""

    async def invite(
        self,
        room: str,
        *,
        identity: str | None = None,
        expires_in_s: int = DEFAULT_INVITATION_S,
    ) -> NewInvitation:
        """Creates the room if there is none. With `identity` the link lets in under that name
        alone. It holds a secret, and leads to the address that this client calls.

        Each call makes another invitation. One whose answer was lost lets nobody in.
        """
        wanted = CreateInvitation(identity=identity, expires_in_s=expires_in_s)
        return await self._ask("POST", _path(room), wanted, NewInvitation)

    async def invitations(self, room: str) -> list[Invitation]:
        """Those that are still valid, newest first."""
        return (await self._ask("GET", _path(room), None, Invitations)).invitations

    async def revoke_invitation(self, room: str, invitation_id: str) -> None:
        """Ends the sessions of who came by it, too. BackendRejected (404) if it is not valid."""
        await self._call("DELETE", f"{_path(room)}/{segment(invitation_id)}", None)


def _path(room: str) -> str:
    return f"/rooms/{segment(room)}/invitations"
