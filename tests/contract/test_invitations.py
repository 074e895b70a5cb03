"""Invitations to a room's page: made, listed and revoked with the client."""

from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import quote

import pytest

from longroom.client import BackendRejected, Invitation, LongroomClient, NewInvitation
from tests.support.backend_under_test import BackendUnderTest

ODD = "/../ü #?"


@pytest.fixture
async def longroom(backend: BackendUnderTest) -> AsyncIterator[LongroomClient]:
    async with LongroomClient(backend.url, key=backend.key, timeout_s=30) as client:
        yield client


def shown(made: NewInvitation) -> Invitation:
    return Invitation.model_validate(made.model_dump(exclude={"link"}))


async def test_invitations_are_listed_newest_first_without_their_links(
    longroom: LongroomClient, room_name: str
) -> None:
    for_ada = await longroom.invite(room_name, identity="ada", expires_in_s=3600)
    for_anybody = await longroom.invite(room_name)

    assert await longroom.invitations(room_name) == [shown(for_anybody), shown(for_ada)]
    assert for_ada.identity == "ada"
    assert for_ada.expires_at - for_ada.created_at == timedelta(hours=1)
    assert for_anybody.identity is None
    assert for_anybody.expires_at - for_anybody.created_at == timedelta(weeks=1)


async def test_a_link_leads_to_the_room_at_the_address_that_was_called(
    backend: BackendUnderTest, longroom: LongroomClient, room_name: str
) -> None:
    made = await longroom.invite(room_name + ODD)

    page, _, secret = made.link.partition("#invitation=")
    assert page == f"{backend.url}/room/{quote(room_name + ODD, safe='')}"
    assert len(secret) >= 32
    assert secret not in repr(made)
    assert await longroom.invitations(room_name + ODD) == [shown(made)]


async def test_a_revoked_invitation_is_gone_and_others_stay(
    longroom: LongroomClient, room_name: str
) -> None:
    made = await longroom.invite(room_name)
    other = await longroom.invite(room_name)
    elsewhere = await longroom.invite(room_name + ODD)

    await longroom.revoke_invitation(room_name, made.invitation_id)

    assert await longroom.invitations(room_name) == [shown(other)]
    for invitation_id in (made.invitation_id, elsewhere.invitation_id, "no/such ?"):
        with pytest.raises(BackendRejected) as refused:
            await longroom.revoke_invitation(room_name, invitation_id)
        assert refused.value.status == 404
    assert await longroom.invitations(room_name + ODD) == [shown(elsewhere)]


@pytest.mark.parametrize("expires_in_s", [59, 90 * 24 * 3600 + 1])
async def test_an_invitation_for_too_short_or_too_long_is_refused_before_it_is_sent(
    longroom: LongroomClient, room_name: str, expires_in_s: int
) -> None:
    with pytest.raises(ValueError, match="expires_in_s"):
        await longroom.invite(room_name, expires_in_s=expires_in_s)
    with pytest.raises(ValueError, match="identity"):
        await longroom.invite(room_name, identity=" ")
    assert await longroom.invitations(room_name) == []
