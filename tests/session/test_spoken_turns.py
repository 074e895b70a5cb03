"""Spoken turns, driven through the same entry that LiveKit's speech recognition uses."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from livekit.agents import UserInputTranscribedEvent
from livekit.agents.llm import ChatContext, ChatMessage
from livekit.agents.voice.audio_recognition import _PreemptiveGenerationInfo

from agent.conversation.session.events import SessionEvents
from agent.conversation.session.reply import TurnResult
from retrieval.wire import MessageId
from testbed.scripted_llm import ScriptedLLM
from tests.support.builders import message
from tests.support.fake_backend import FakeBackend
from tests.support.running_agent import RunningAgent, remember, running_agent

QUESTION = "Where is the spare key?"


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


def _searched(backend: FakeBackend, query: str) -> bool:
    return query in [search.query for search in backend.searches]


def _prompted(llm: ScriptedLLM, turns: int) -> bool:
    return len(llm.prompts) == turns


def _answered(running: RunningAgent, turns: int) -> bool:
    answers = [text for role, text in running.window if role == "assistant"]
    return len(answers) == turns and running.conversation_agent.session.current_speech is None


async def test_a_spoken_turn_is_recalled_and_stored_like_a_typed_one(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, "The spare key hangs behind the fridge.", *["noise"] * 20)
    async with running_agent(backend, llm, tmp_path, rolling_window_messages=4) as running:
        running.end_spoken_turn(QUESTION)
        await _until(partial(_answered, running, 1))
        assert await running.outbox.drain(5)
    assert "> The spare key hangs" in llm.last_prompt[-2][1]
    assert [(m.role, m.participant, m.content) for m in backend.stored[21:]] == [
        ("user", "ana", QUESTION),
        ("assistant", "agent", "fine "),
    ]


async def test_speculation_on_interim_transcripts_answers_the_turn(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, "The spare key hangs behind the fridge.", *["noise"] * 20)
    async with running_agent(backend, llm, tmp_path, recall_debounce_s=0.0) as running:
        for words in ("um where is", "um where is the spare key"):
            _transcribed(running, words, final=False)
            await _until(partial(_searched, backend, words.removeprefix("um ")))
        trace = await running.ask(QUESTION)
    assert trace.recalled.source == "speculation"
    assert trace.recalled.hits[0].message.content.startswith("The spare key")
    assert [search.query for search in backend.searches] == ["where is", "where is the spare key"]


async def test_speculation_covers_a_turn_of_several_segments(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, "The spare key hangs behind the fridge.", *["noise"] * 20)
    async with running_agent(backend, llm, tmp_path, recall_debounce_s=0.0) as running:
        for segment, final in (("I am", False), ("I am locked out.", True), ("Where is", False)):
            _transcribed(running, segment, final=final)
        _transcribed(running, QUESTION, final=True)
        await _until(lambda: bool(backend.searches))
        running.end_spoken_turn(f"I am locked out. {QUESTION}")
        await _until(partial(_answered, running, 1))
        _transcribed(running, "And the lamp?", final=True)
        await _until(lambda: len(backend.searches) == 2)
    assert [search.query for search in backend.searches] == [
        "I am locked out Where is the spare key",
        "And the lamp",
    ]


def _transcribed(running: RunningAgent, segment: str, *, final: bool) -> None:
    event = UserInputTranscribedEvent(transcript=segment, is_final=final)
    running.conversation_agent.session.emit("user_input_transcribed", event)


async def test_two_people_talk_at_once_and_each_turn_is_searched_for_as_a_whole(
    tmp_path: Path,
) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    async with running_agent(backend, llm, tmp_path, recall_debounce_s=0.0) as running:
        hear = running.conversation_agent.hear
        hear("the red", final=True, identity="ana")
        hear("the blue", final=True, identity="ben")
        hear("zeppelin", final=True, identity="ana")
        hear("balloon", final=True, identity="ben")
        await _until(lambda: len(backend.searches) == 2)
        trace = await running.ask("The red zeppelin?", speaker="ana")
        hear("a new turn", final=True, identity="ana")
        await _until(lambda: len(backend.searches) == 3)
    assert trace.recalled.source == "speculation"
    assert [(search.asker, search.query) for search in backend.searches] == [
        ("ana", "the red zeppelin"),
        ("ben", "the blue balloon"),
        ("ana", "a new turn"),
    ]


async def test_a_preemptive_reply_is_kept_and_the_message_stored_once(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, "The spare key hangs behind the fridge.", *["noise"] * 20)
    async with running_agent(backend, llm, tmp_path) as running:
        activity = running.conversation_agent.session._activity
        assert activity is not None
        for turn in range(1, 4):
            text = f"{QUESTION[:-1]} number {turn}?"
            activity.on_preemptive_generation(
                _PreemptiveGenerationInfo(
                    new_transcript=text, transcript_confidence=1.0, started_speaking_at=None
                )
            )
            await _until(partial(_prompted, llm, turn))
            running.end_spoken_turn(text)
            await _until(partial(_answered, running, turn))
            assert "> The spare key hangs" in llm.last_prompt[-2][1]
        assert await running.outbox.drain(5)
    assert len(llm.prompts) == 3
    questions = [m.content for m in backend.stored[21:] if m.role == "user"]
    assert questions == [f"Where is the spare key number {n}?" for n in (1, 2, 3)]
    for search in backend.searches[1:]:
        # What the window holds under LiveKit's own id is excluded under the stored one.
        assert backend.stored[21].id in search.exclude_ids


class Listener:
    """Like VoiceTurns in a room with a linked participant."""

    def __init__(self) -> None:
        self.accepted_ids: list[str] = []
        self.refused_ids: list[str] = []
        self.following: list[asyncio.Future[TurnResult]] = []
        self.ids: list[str] = []

    def accepted(self, question_id: MessageId, speaker: str) -> None:
        self.accepted_ids.append(question_id)

    def refused(self, question_id: MessageId, speaker: str, reason: str) -> None:
        self.refused_ids.append(question_id)

    def replying(
        self, question_id: MessageId, speaker: str, ended: Callable[[], Awaitable[TurnResult]]
    ) -> None:
        self.ids.append(question_id)
        self.following.append(asyncio.ensure_future(ended()))


async def test_spoken_turns_are_followed_to_their_end_under_their_stored_ids(
    tmp_path: Path,
) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, "The spare key hangs behind the fridge.", *["noise"] * 20)
    listener = Listener()
    async with running_agent(backend, llm, tmp_path, spoken_turns=listener) as running:
        running.end_spoken_turn("Where is the key, and what now?")
        await _until(partial(_answered, running, 1))
        activity = running.conversation_agent.session._activity
        assert activity is not None
        # Begun before the end of the turn, under another id.
        activity.on_preemptive_generation(
            _PreemptiveGenerationInfo(
                new_transcript=QUESTION, transcript_confidence=1.0, started_speaking_at=None
            )
        )
        await _until(partial(_prompted, llm, 2))
        running.end_spoken_turn(QUESTION)
        await _until(partial(_answered, running, 2))
        await running.ask("A typed one is not among them.")
        traces = await asyncio.gather(*listener.following)
        assert await running.outbox.drain(5)
    questions = [m.id for m in backend.stored[21:] if m.role == "user"]
    assert listener.ids == listener.accepted_ids == questions[:2]
    assert [(t.outcome, t.answer, t.recalled.source) for t in traces] == [
        ("answered", "fine ", "fresh")
    ] * 2
    records = [e.data for e in backend.recorded if e.kind == "metric"]
    assert [record["question_id"] for record in records] == questions
    traced = [backend.traces[question] for question in questions]
    assert [(t.outcome, t.source, bool(t.shown), t.participant) for t in traced] == [
        ("answered", "fresh", True, "ana")
    ] * 2 + [("answered", "fresh", False, "ana")]
    # From the question's end, however early the reply had begun.
    assert all(
        t.first_word_ms is not None and t.reply_ms is not None and t.first_word_ms <= t.reply_ms
        for t in traced
    )


async def test_a_spoken_turn_that_cannot_be_stored_is_told_to_its_speaker(tmp_path: Path) -> None:
    backend, llm, listener = FakeBackend(), ScriptedLLM(), Listener()
    async with running_agent(backend, llm, tmp_path, spoken_turns=listener) as running:
        db = running.outbox._file._db
        db.execute("PRAGMA max_page_count = 1")
        n = 0
        while running.conversation_agent.write_buffer.put(message(n)):
            n += 1
        running.end_spoken_turn(QUESTION)
        await _until(partial(_answered, running, 1))
        db.execute("PRAGMA max_page_count = 1000000")
    assert len(listener.refused_ids) == 1
    assert listener.accepted_ids == []


async def test_the_hook_never_raises(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    async with running_agent(backend, llm, tmp_path) as running:
        conversation = running.conversation_agent

        class BrokenEvents(SessionEvents):
            def __init__(self) -> None:
                """Broken from the start."""

        conversation.hooks._events = BrokenEvents()
        message = ChatMessage(role="user", content=["hello there"])
        agent = conversation.session.current_agent
        await agent.on_user_turn_completed(ChatContext.empty(), new_message=message)


async def test_an_interrupted_answer_is_stored_as_what_was_said(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM(["one two three four five six"], delay_s=0.05)
    async with running_agent(backend, llm, tmp_path) as running:
        asking = asyncio.create_task(running.ask("Count to six."))
        await _until(lambda: bool(llm.prompts))
        await asyncio.sleep(0.12)
        await running.conversation_agent.session.interrupt()
        trace = await asking
        assert await running.outbox.drain(5)
    assert trace.outcome == "interrupted"
    answer = backend.stored[-1]
    assert answer.interrupted
    assert answer.content.startswith("one")
    assert not answer.content.rstrip().endswith("six")


async def test_an_answer_interrupted_before_its_first_word_is_recorded_as_interrupted(
    tmp_path: Path,
) -> None:
    """LiveKit adds no item for such a reply: only the turn's record shows it."""
    backend, llm = FakeBackend(), ScriptedLLM(["one two three"], delay_s=30)
    async with running_agent(backend, llm, tmp_path) as running:
        asking = asyncio.create_task(running.ask("Count to three."))
        await _until(lambda: bool(llm.prompts))
        await running.conversation_agent.session.interrupt()
        trace = await asking
        assert await running.outbox.drain(5)
    assert (trace.outcome, trace.answer) == ("interrupted", "")
    assert [message.role for message in backend.stored] == ["user"]
    [record] = [event for event in backend.recorded if event.kind == "metric"]
    assert record.data["outcome"] == "interrupted"
