"""Which texts ask for nothing, and which of these the room may have said as a title."""

import pytest

from retrieval.search.query.small_talk import Use, is_small_talk, possible_title, use_of

COURTESIES = [
    "Thank you all so much!",
    "heyyy guys",
    "hahahaha",
    "Grüß Gott zusammen",
    "Vielen lieben Dank für die Hilfe",
    "schönen abend noch",
    "Merci beaucoup pour votre aide",
    "Bonne soirée à tous",
    "Muchas gracias por todo",
    "Hola, buenos dias a todos",
    "Grazie mille a tutti",
    "Muito obrigada pela ajuda",
    "Goedemorgen allemaal",
    "Tack så mycket för hjälpen",
    "Tusen takk",
    "Hyvää huomenta",
    "Dziękuję bardzo za pomoc",
    "Dobrý večer",
    "Köszönöm szépen",
    "Mulțumesc frumos",
    "Hvala lijepa",
    "Спасибо большое за помощь",
    "Дякую",
    "Καλημέρα",
    "Çok teşekkürler, görüşürüz",
    "شكرا جزيلا لكم",
    "خیلی ممنون",
    "תודה רבה",
    "बहुत बहुत शुक्रिया",
    "dhanyavaad",
    "ধন্যবাদ",
    "நன்றி",
    "Terima kasih banyak",
    "Cảm ơn bạn rất nhiều",
    "ขอบคุณมากครับ",
    "Maraming salamat",
    "Asante sana",
    "非常感谢大家",
    "どうもありがとうございました！",
    "정말 고마워요",
    "ok 👍",
]


@pytest.mark.parametrize("text", COURTESIES)
def test_courtesies_of_many_languages_ask_for_nothing(text: str) -> None:
    assert is_small_talk(text)


@pytest.mark.parametrize(
    "text",
    [
        "danke, wann kommt der Installateur?",
        "merci, où est la clé",
        "gracias, cuánto cuesta",
        "привет, какой код?",
        "谢谢，密码是多少",
        "ありがとう、鍵はどこ",
        "धन्यवाद, दुकान कब खुलती है",
        "guten Morgen Sonnenschein",
        "hola4711",
    ],
)
def test_a_courtesy_before_a_question_or_a_content_hides_nothing(text: str) -> None:
    assert not is_small_talk(text)


@pytest.mark.parametrize(
    "text", ["Wonderful", "“Wonderful”", "love?", "Up", "🚲", "🚲🎸", "Let It Be", "《再见》"]
)
def test_a_word_an_emoji_or_words_in_capitals_may_be_a_title(text: str) -> None:
    assert possible_title(text) is not None


@pytest.mark.parametrize(
    "text", ["Wonderful!", "great, thanks", "let it be", "See you tomorrow", "...", "?", "ok!!"]
)
def test_reactions_and_ordinary_spelling_are_no_titles(text: str) -> None:
    assert possible_title(text) is None


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("Wonderful", "we heard Wonderful on the radio"),
        ("wonderful", "the song wonderful was on again"),
        ("wonderful", "they played “Wonderful” twice"),
        ("Up", "did you see Up with the kids?"),
        ("Hello", "Adele's Hello was on the radio"),
        ("Let It Be", "she sang Let It Be at the party"),
        ("“good morning”", "the caption says good morning"),
        ("love", "she spoke of love all evening"),
        ("🚲", "the photo 🚲 is on the fridge"),
        ("再见", "昨天看了《再见》"),
    ],
)
def test_the_room_names_it(query: str, said: str) -> None:
    assert _use(query, said) is Use.NAMED


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("Wonderful", "what a wonderful trip"),
        ("wonderful", "Wonderful! See you then"),
        ("perfect", "PERFECT TIMING"),
        ("👏", "she won the race 👏"),
    ],
)
def test_rare_praise_is_shown_but_not_recalled(query: str, said: str) -> None:
    assert _use(query, said) is Use.IN_PASSING


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("Wonderful", "we talked about the weather"),
        ("thanks", "thanks for the lift"),
        ("ok", "Ok cool"),
        ("Danke", "danke euch"),
        ("👍", "👍"),
        ("🚲", "the bike is blue"),
    ],
)
def test_what_the_room_does_not_say_otherwise_stays_a_courtesy(query: str, said: str) -> None:
    assert _use(query, said) is Use.NOWHERE


def test_praise_that_is_a_habit_stays_a_reaction() -> None:
    assert _use("wonderful", *(f"what a wonderful day {n}" for n in range(5))) is Use.NOWHERE


def _use(query: str, *said: str) -> Use:
    title = possible_title(query)
    assert title is not None
    return use_of(title, said)
