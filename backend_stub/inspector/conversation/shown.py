"""The conversation that a page is about, as all of its pages show it."""

from typing import Annotated

from fastapi import Depends

from backend_stub.http.routing import InConversation
from backend_stub.resources import AppResources
from retrieval.store.pages.conversation import Heading, heading


async def _shown(conversation_id: InConversation, resources: AppResources) -> Heading:
    return await heading(resources.pools.others.of(conversation_id), conversation_id)


Shown = Annotated[Heading, Depends(_shown)]
"""404 for one that is not there, 410 for one that was erased."""
