"""Agents and dispatches of another conversation than the one a room has now."""

from livekit import api

from retrieval.wire import CONVERSATION_ATTRIBUTE, conversation_in, key_in


def serves_other(agent: api.ParticipantInfo, metadata: str) -> bool:
    """Whether an agent serves another conversation than `metadata` names; False if not told."""
    served = agent.attributes.get(CONVERSATION_ATTRIBUTE)
    return served is not None and served != str(conversation_in(metadata))


def brings_other(dispatch: api.AgentDispatch, metadata: str) -> bool:
    """Whether an agent of this dispatch would serve another one; False if its metadata name none:
    then it serves the room's.
    """
    named = conversation_in(dispatch.metadata)
    if named is not None:
        return named != conversation_in(metadata)
    try:
        key = key_in(dispatch.metadata)
    except ValueError:
        return True
    return key is not None and key != key_in(metadata)
