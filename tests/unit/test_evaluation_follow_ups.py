"""Follow-ups are made of a data set's questions by rule."""

from longroom.evaluation.follow_ups import ASKER, FollowUp, follow_ups
from longroom.evaluation.questions import Dialogue, LabelledQuestion
from tests.support.builders import message


def _made(*questions: LabelledQuestion) -> list[FollowUp]:
    said = [message(n, f"said {n}") for n in range(60)]
    return list(follow_ups(Dialogue("room", said, list(questions))))


def _question(text: str, *evidence: str, subject: str | None = "Cleo") -> LabelledQuestion:
    return LabelledQuestion(text, subject, evidence, "1", answerable=True)


def _texts(made: list[FollowUp]) -> list[tuple[str, str]]:
    return [(one.kind, one.text) for one in made]


def test_of_two_questions_about_a_person_the_second_says_she() -> None:
    first = _question("When did Cleo move?", "m1")
    second = _question("What did Cleo's sister paint?", "m4")
    made = _made(first, second)
    assert _texts(made) == [("she", "What did her sister paint?")]
    assert [(one.role, one.content) for one in made[0].window] == [
        ("user", "When did Cleo move?"),
        ("assistant", "said 1"),
    ]
    assert made[0].whole.text == "What did Cleo's sister paint?"
    assert made[0].whole.asker == ASKER


def test_what_the_first_question_named_is_it_in_the_second() -> None:
    first = _question("Who repaired the cellar pump of Cleo?", "m1")
    second = _question("What did Cleo pay for the cellar pump?", "m2")
    assert ("it", "What did she pay for it?") in _texts(_made(first, second))


def test_a_question_about_the_same_message_keeps_its_question_word() -> None:
    first = _question("What did Cleo buy?", "m1", "m2")
    second = _question("When did Cleo buy a chair?", "m2")
    assert ("bare", "And when?") in _texts(_made(first, second))


def test_the_same_question_about_another_person_asks_what_about_them() -> None:
    first = _question("What colour is Ben's kite?", "m1", subject="Ben")
    second = _question("What colour is Cleo's kite?", "m50")
    assert _texts(_made(first, second)) == [("about", "What about Cleo?")]


def test_more_is_asked_for_where_there_is_more() -> None:
    (made,) = _made(_question("Which books did Cleo read?", "m1", "m20", "m30"))
    assert (made.kind, made.text) == ("more", "What else?")
    assert made.whole.evidence == ("m20", "m30")


def test_questions_far_apart_and_without_an_answer_make_none() -> None:
    far = [_question("When did Cleo move?", "m1"), _question("What did Cleo paint?", "m50")]
    assert _made(*far) == []
    nothing = LabelledQuestion("What did Cleo paint?", "Cleo", ("m2",), "5", answerable=False)
    assert _made(_question("When did Cleo move?", "m1"), nothing) == []
    assert _made(_question("When did Cleo move?", "gone", "gone too")) == []
