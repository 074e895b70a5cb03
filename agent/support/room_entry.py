"""The support agent in a LiveKit room."""

from livekit.agents import AutoSubscribe

from agent.room.longroom import Longroom
from agent.settings import AgentSettings
from agent.support.greeting import greeting
from agent.support.models import RoomModels
from agent.support.session import open_session
from agent.support.support_agent import SupportAgent
from agent.worker_settings import Voice


async def enter_room(
    memory: Longroom, *, models: RoomModels, settings: AgentSettings, voice: Voice
) -> None:
    agent = SupportAgent(
        settings.instructions,
        greeting=greeting(
            settings,
            last_message_at=memory.last_message_at,
            has_listener=memory.has_listener,
            at_once=False,
            now=memory.now(),
        ),
    )
    hears_everyone = voice == "everyone" and models.speech is not None
    await memory.start(
        open_session(models, voice),
        agent,
        everyone=models.speech.input if models.speech and hears_everyone else None,
        greet=agent.greet,
    )


def subscription(voice: Voice) -> AutoSubscribe:
    return AutoSubscribe.SUBSCRIBE_NONE if voice == "off" else AutoSubscribe.AUDIO_ONLY
