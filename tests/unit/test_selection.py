"""How the best messages are put in order, and which stand for others."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from retrieval.search.query.order import Order
from retrieval.search.selection.answers.kinds import kinds_asked, share_told
from retrieval.search.selection.asked import Asked
from retrieval.search.selection.candidate import Candidate
from retrieval.search.selection.selection import arrange
from retrieval.search.selection.texts.content import Content
from retrieval.search.selection.texts.negation import denied
from retrieval.search.selection.texts.questions import asks
from retrieval.weights import WEIGHTS, Weights
from retrieval.wire import Message, MessageId, Role

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def said(
    place: int,
    text: str,
    score: float,
    *,
    by: str = "ida",
    role: Role = "user",
    follows: int | None = None,
    words: float = 0.5,
) -> Candidate:
    """Said on the `place`-th day."""
    message = Message(
        id=MessageId(f"m{place}"),
        seq=place,
        role=role,
        participant=by,
        content=text,
        created_at=START + timedelta(days=place),
    )
    content = Content(text, language="english")
    return Candidate(
        place=place,
        message=message,
        content=content,
        score=score,
        words=words,
        follows=follows,
    )


def agent(place: int, text: str, score: float) -> Candidate:
    return said(place, text, score, by="agent", role="assistant")


def arranged(
    query: str,
    *candidates: Candidate,
    order: Order | None = None,
    denial: bool | None = None,
    weights: Weights = WEIGHTS,
    dated: bool = False,
) -> list[Candidate]:
    content = Content(query, language="english")
    asked = Asked(
        words=content.set,
        order=order,
        denial=denial,
        about_asking=False,
        kinds=kinds_asked(query, content),
        dated=dated,
        language="english",
    )
    best_first = sorted(candidates, key=lambda one: -one.score)
    return arrange(best_first, asked, weights, best={one.place for one in candidates})


def places(found: list[Candidate]) -> list[int]:
    return [one.place for one in found]


RATES = (
    said(1, "My rate is 31 euros.", 3.0),
    said(4, "They put my rate to 45 euros.", 2.6),
    said(8, "The rate I pay is 52 euros.", 2.5),
)


def rates() -> list[Candidate]:
    return [said(one.place, one.message.content, one.score) for one in RATES]


@pytest.mark.parametrize(
    ("order", "expected"),
    [("newest", [8, 4, 1]), ("oldest", [1, 4, 8]), ("previous", [4, 8, 1])],
)
def test_time_decides_among_those_that_say_the_same(order: Order, expected: list[int]) -> None:
    assert places(arranged("rate", *rates(), order=order)) == expected


def test_the_new_gains_nothing_if_it_is_about_something_else() -> None:
    news = said(9, "My new bike is red.", 2.9)
    found = arranged("rate", *rates(), news, order="newest")
    assert places(found) == [8, 9, 4, 1]
    assert not news.gains


def test_those_in_order_only_exchange_their_scores() -> None:
    found = arranged("rate", *rates(), order="newest")
    assert [one.score for one in found] == pytest.approx([3.0, 2.6, 2.5])
    assert sum(one.gains["order"] for one in found) == pytest.approx(0.0)


def test_the_previous_value_is_another_one() -> None:
    again = said(9, "Reminder: my rate is 52 euros.", 2.4)
    assert places(arranged("rate", *rates(), again, order="previous"))[0] == 4


def test_what_is_said_to_be_first_is_first_whenever_it_was_said() -> None:
    told = said(9, "My first rate was 20 euros.", 2.4)
    assert places(arranged("rate", *rates(), told, order="oldest"))[0] == 9


@pytest.mark.parametrize(
    "correction",
    [
        "Correction: the meeting with Kim is on Friday.",
        "Actually the meeting with Kim is on Friday.",
        "Sorry, I meant Friday for the meeting with Kim.",
        "The meeting with Kim is not on Monday but on Friday.",
        "The meeting with Kim was moved to Friday.",
        "*Friday is the meeting with Kim",
        "The meeting with Kim is on Friday.",
    ],
)
def test_a_correction_comes_before_what_it_corrects(correction: str) -> None:
    found = arranged(
        "meeting Kim",
        said(1, "The meeting with Kim is on Monday.", 3.0),
        said(2, correction, 2.5),
    )
    assert places(found) == [2, 1]


def test_a_correction_of_something_else_stays_where_it_is() -> None:
    found = arranged(
        "meeting Kim",
        said(1, "The meeting with Kim is on Monday.", 3.0),
        said(2, "Actually the meeting with Lou is on Friday.", 2.5),
    )
    assert places(found) == [1, 2]


def test_a_correction_in_other_words_is_known_by_standing_just_behind() -> None:
    wrong = said(1, "The meeting with Kim is on Monday.", 3.0)
    assert places(arranged("meeting", wrong, said(2, "no wait, Friday", 0.4, follows=1))) == [2, 1]
    wrong = said(1, "The meeting with Kim is on Monday.", 3.0)
    assert places(arranged("meeting", wrong, said(2, "no wait, Friday", 0.4))) == [1, 2]


def test_copies_are_one_hit_that_tells_of_the_others() -> None:
    found = arranged(
        "gate code",
        said(1, "The gate code is 4711!", 3.0),
        said(2, "the gate code is 4711", 2.9),
        said(3, "The gate code is 4712.", 2.8),
        said(4, "The gate code is not 4711.", 2.0),
    )
    assert {place for one in found for place in [one.place]} == {1, 3, 4}
    first = next(one for one in found if one.place == 1)
    assert [message.id for message in first.also] == ["m2"]


def test_what_two_people_say_of_themselves_is_not_the_same() -> None:
    found = arranged(
        "live", said(1, "I live in Oslo", 3.0), said(2, "I live in Oslo", 2.9, by="bo")
    )
    assert places(found) == [1, 2]


def test_long_texts_may_differ_in_a_few_words() -> None:
    text = " ".join(f"word{chr(97 + n)} thing{chr(97 + n)}" for n in range(20))
    found = arranged("wordb", said(1, text, 3.0), said(2, f"Forwarded: {text}", 2.9))
    assert places(found) == [1]


def test_questions_asked_again_leave_room_for_the_answer() -> None:
    asked = [
        "Where is the spare key?", "where's the spare key again?",
        "I forgot where the spare key is",
        "Does anyone know where the spare key is?", "Please remind me where the spare key is",
    ]  # fmt: skip
    answer = said(9, "The spare key hangs in the shed.", 2.0)
    questions = [said(n, text, 3.0 - n / 100) for n, text in enumerate(asked)]
    found = arranged("spare key", *questions, answer)
    assert places(found) == [9, 0]
    assert len(found[1].also) == 4


def test_a_question_without_an_answer_stays_first() -> None:
    found = arranged("spare key", said(1, "Where is the spare key?", 3.0), said(2, "Hm.", 1.0))
    assert places(found) == [1, 2]


@pytest.mark.parametrize(
    "quotation",
    [
        "As you told me, the spare key hangs in the shed.",
        "On 3 March 2026 at 09:00, you said: “The spare key hangs in the shed.”",
        "The spare key? It hangs in the shed.",
        "Your spare key hangs in the shed.",
    ],
)
def test_the_agents_quotation_counts_for_what_it_quotes(quotation: str) -> None:
    found = arranged(
        "spare key", said(1, "The spare key hangs in the shed.", 2.0), agent(2, quotation, 3.0)
    )
    assert places(found) == [1]
    assert found[0].score == 3.0
    assert [message.id for message in found[0].also] == ["m2"]


@pytest.mark.parametrize("number", [1, 3, 9, 2026])
def test_another_number_is_no_quotation(number: int) -> None:
    found = arranged(
        "lamp",
        said(1, "Lamp 7 is on its way.", 3.0),
        agent(2, f"Lamp {number} is on its way.", 2.0),
    )
    assert places(found) == [1, 2]


def test_what_the_agent_adds_comes_after_what_it_repeats() -> None:
    adds = "The spare key hangs in the shed, but the lock was replaced on Friday by Kim."
    found = arranged(
        "spare key", said(1, "The spare key hangs in the shed.", 2.0), agent(2, adds, 3.0)
    )
    assert places(found) == [1, 2]
    assert found[0].also == []


def test_what_the_agent_said_first_is_its_own() -> None:
    text = "The spare key hangs in the shed."
    assert places(arranged("key", agent(1, text, 3.0), said(2, text, 2.0))) == [1, 2]


DRINKERS = (
    "Mara never drinks tea.",
    "Jon drinks tea every morning.",
    "Tea is served at ten.",
)


@pytest.mark.parametrize(("denial", "first"), [(True, 0), (False, 1)])
def test_who_does_not_comes_before_who_does(denial: bool, first: int) -> None:
    found = arranged(
        "drink tea",
        *(said(n, text, 3.0 - n / 10) for n, text in enumerate(DRINKERS)),
        denial=denial,
    )
    assert places(found)[0] == first


@pytest.mark.parametrize(
    ("text", "is_denied"),
    [
        ("Mara doesn't really like to drink tea.", True),
        ("Mara can’t drink tea", True),
        ("Everyone drinks tea except Mara.", True),
        ("Mara trinkt keinen tea", True),
        ("No, Jon drinks tea.", False),
        ("I don't know who drinks tea.", False),
        ("Jon drinks tea, not coffee.", False),
        ("Jon drinks not only tea.", False),
    ],
)
def test_a_denial_is_of_the_words_beside_it(text: str, is_denied: bool) -> None:
    content = Content(text, language="english")
    assert denied(text, content, frozenset({"drink", "tea"})) is is_denied


@pytest.mark.parametrize(
    ("text", "is_question"),
    [
        ("Where is it?", True),
        ("where is it", True),
        ("Sorry, I forgot. Where is it?", True),
        ("It is in the shed, isn't it?", False),
        ("It hangs in the shed. Where is yours?", False),
        ("It hangs in the shed.", False),
        ("¿Dónde está?", True),
        ("钥匙在哪里？", True),
    ],
)
def test_what_only_asks_tells_nothing(text: str, is_question: bool) -> None:
    assert asks(text, Content(text, language="english")) is is_question


def test_each_step_can_be_switched_off() -> None:
    off = Weights(repeat=0.0, order=0.0, correction=0.0, polarity=0.0, answer=0.0)
    candidates = [
        said(n, text, 3.0 - n) for n, text in enumerate(["Is it tea?", "Is it tea?", "Tea."])
    ]
    assert places(arranged("tea", *candidates, weights=off)) == [0, 1, 2]
    assert all(not one.gains for one in candidates)


@pytest.mark.parametrize(("dated", "expected"), [(False, [1, 0]), (True, [0, 1])])
def test_days_tell_restatements_apart_and_not_their_time(dated: bool, expected: list[int]) -> None:
    earlier = said(0, "The parcel went to Zolvik.", 2.0)
    later = said(1, "The parcel went to Tavrek.", 1.9)
    assert places(arranged("Who got the parcel?", earlier, later, dated=dated)) == expected


@pytest.mark.parametrize("order", [None, "newest"])
def test_a_word_of_the_query_in_another_spelling_tells_restatements_apart(
    order: Order | None,
) -> None:
    meant = said(0, "The parcel went to Zolvik.", 2.0, words=0.6)
    other = said(1, "The parcel went to Tavrek.", 1.9, words=0.1)
    assert places(arranged("Has Zolvick the parcel?", meant, other, order=order)) == [0, 1]


def minutes_later(first: Candidate, text: str, score: float, *, by: str) -> Candidate:
    """Said just behind `first`."""
    one = said(first.place + 1, text, score, by=by)
    created_at = first.message.created_at + timedelta(minutes=2)
    return replace(one, message=one.message.model_copy(update={"created_at": created_at}))


def test_the_reply_stands_before_the_question_it_answers() -> None:
    asking = said(1, "what was the wifi password again?", 2.4, by="bo")
    reply = minutes_later(asking, "sunflower42", 2.0, by="ida")

    assert places(arranged("what is the wifi password", asking, reply)) == [2, 1]


def test_nothing_moves_behind_what_it_does_not_answer() -> None:
    asking = said(1, "what was the wifi password again?", 2.4, by="bo")
    later = said(3, "sunflower42", 2.0, by="ida")

    assert places(arranged("is there wifi", asking, later)) == [1, 3]


@pytest.mark.parametrize(
    ("query", "following", "expected"),
    [
        ("when is the wasp nest taken away", "the man from the club takes it on Tuesday", [2, 1]),
        ("when is the wasp nest taken away", "oh no", [1, 2]),
        ("wasp nest", "the man from the club takes it on Tuesday", [1, 2]),
    ],
)
def test_what_follows_an_opener_stands_before_it_if_it_tells_what_is_asked_for(
    query: str, following: str, expected: list[int]
) -> None:
    opener = said(1, "There is a wasp nest above the rack.", 2.3, by="bo")
    telling = minutes_later(opener, following, 1.9, by="ida")

    assert places(arranged(query, opener, telling)) == expected


def test_a_statement_with_all_words_of_the_query_opens_nothing() -> None:
    whole = said(1, "There a man takes the bus.", 2.3, by="bo")
    other = minutes_later(whole, "and Ada the train", 1.9, by="ida")

    assert places(arranged("who takes the bus", whole, other)) == [1, 2]


def test_answers_only_exchange_the_scores_of_the_best() -> None:
    asking = said(1, "where is the ladder?", 2.4, by="bo")
    reply = minutes_later(asking, "in the shed", 2.1, by="ida")
    found = arranged("where is the ladder", asking, reply)

    assert [one.score for one in found] == pytest.approx([2.4, 2.1])
    assert found[0].gains == {"answer": pytest.approx(0.3)}


def test_the_part_can_be_switched_off() -> None:
    asking = said(1, "where is the ladder?", 2.4, by="bo")
    reply = minutes_later(asking, "in the shed", 2.1, by="ida")
    off = replace(WEIGHTS, answer=0.0)

    assert places(arranged("where is the ladder", asking, reply, weights=off)) == [1, 2]


@pytest.mark.parametrize(
    ("query", "tells", "does_not"),
    [
        ("what does the repair cost", "it was 95 euros", "it was a cable"),
        ("how long does it last", "three hours", "not at all"),
        ("phone of the caretaker", "0151 2233 8890", "mondays and thursdays"),
        ("password of the guests", "brezel-und-salz", "ask me later"),
        ("wie ist die Telefonnummer", "0441 555 0199", "später mal"),
        ("at what time do we start", "load in 9:30", "not yet"),
        ("cuándo abre", "el lunes", "no sé"),
        ("where is the key", "behind the old monitors", "hm yes"),
        ("wo ist der Schlüssel", "hinter der Tür", "keine Ahnung"),
        ("who has the drill", "that must be Rutger", "no idea"),
        ("青い鍵はどこ", "棚の中", "はい"),
    ],
)
def test_a_message_tells_the_kind_of_answer_that_is_asked_for(
    query: str, tells: str, does_not: str
) -> None:
    def share(text: str) -> float:
        kinds = kinds_asked(query, Content(query, language="english"))
        return share_told(kinds, text, Content(text, language="english"))

    assert share(tells) > share(does_not)


def test_a_query_that_asks_for_nothing_prefers_no_kind() -> None:
    assert not kinds_asked("the blue ladder", Content("the blue ladder", language="english"))
