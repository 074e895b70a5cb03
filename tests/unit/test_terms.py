"""The text layer: what people write in many ways meets in one term."""

import pytest

from retrieval.text.function_words import language_of
from retrieval.text.normal_form import folded, readable
from retrieval.text.terms.asked import query_terms
from retrieval.text.terms.forms import content
from retrieval.text.terms.stored import passage_terms


def stored(text: str, *, language: str = "english", participant: str = "p") -> set[str]:
    return set(passage_terms(text, participant=participant, language=language).counts)


def asked(text: str, *, language: str = "english") -> set[str]:
    return {term for one in query_terms(text, language=language) for term in one.weights}


def meets(text: str, query: str, *, language: str = "english") -> bool:
    return bool(stored(text, language=language) & asked(query, language=language))


@pytest.mark.parametrize(
    "written",
    [
        "“Tavrek”", "«Tavrek»", "„Tavrek“", "‹Tavrek›", "「Tavrek」", "Tavrek—said", "Tavrek…",
        "\u00a0Tavrek\u202f", "Tavrek’s", "Tavrek's", "•Tavrek", "☎Tavrek", "😀Tavrek", "Tavrek™",
        "**Tavrek**", "_Tavrek_", "`Tavrek`", "#Tavrek", "@Tavrek", "(Tavrek)", "→Tavrek",
        "Tavrek.The", "Tavrek/Desk", "tavrek.pdf", "tavrek@mail", "Orders.Tavrek.apply()",
        "TavrekService", "tavrekService", "tavrek_service", "tavrek-service", "HTTPTavrek",
        "Tavrek2", r"C:\data\Tavrek\x", "TAVREK", "Ｔａｖｒｅｋ", "Tav\u00adrek", "Tav\u200brek",
        "\ufeffTavrek", "Tàvrek", "Ta\u0301vrek", "请找Tavrek一下", "네Tavrek은", "私Tavrekです",
    ],
)  # fmt: skip
def test_a_name_is_found_however_it_is_set(written: str) -> None:
    assert "tavrek" in stored(written)
    assert meets(written, "Tavrek")
    assert meets("I saw Tavrek", f"where is {written}?")


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Call +49 170 553 1907", "+491705531907"),
        ("Call +49 170 553 1907", "01705531907"),
        ("Call 0049 170 5531907", "0170/5531907"),
        ("Call (212) 553-1907", "2125531907"),
        ("Call 2125531907", "(212) 553-1907"),
        ("It costs 7,361.50", "7361.50"),
        ("It costs 7361.5", "7.361,50"),
        ("It costs 7 361,50 €", "7,361.50"),
        ("It costs 7'361.50", "7361.50"),
        ("It costs £7,361", "7361"),
        ("It costs 7361€", "7.361"),
        ("id 73614", "736 14"),
        ("id 736-14", "73614"),
        ("card 4929 1833 0021 7361", "ending in 7361"),
        ("order A-982173", "2173"),
        ("رقم ٧٣٦١٤", "73614"),
        ("شماره ۷۳۶۱۴", "73614"),
        ("संख्या ७३६१४", "73614"),
        ("编号７３６１４在这里", "73614"),
        ("代码是ZK73614吗", "zk-73614"),
    ],
)
def test_a_number_is_found_in_any_notation(text: str, query: str) -> None:
    assert meets(text, query)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Señor Peñalosa", "penalosa"),
        ("Penalosa", "Peñalosa"),
        ("Ångström", "angstrom"),
        ("Wałęsa", "walesa"),
        ("Søren", "soren"),
        ("Straße", "strasse"),
        ("İzmir", "izmir"),
        ("IŞIK", "ışık"),
        ("ﬁnale ofﬁce", "office"),
        ("Лёша", "леша"),
        ("Άννα", "αννα"),
        ("שָׁלוֹם", "שלום"),
        ("ובבית", "בית"),
        ("مُحَمَّد", "محمد"),
        ("أحمد", "احمد"),
        ("الكتاب", "كتاب"),
        ("猫", "猫"),
        ("我的猫叫小花", "猫"),
        ("👍🏽 done", "👍"),
        ("Up", "Up"),
        ("We saw Up in March", "Up"),
    ],
)
def test_forms_of_one_text_meet(text: str, query: str) -> None:
    assert meets(text, query)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("wo hast du das gelegt", "german"),
        ("je ne sais pas où est la clé", "french"),
        ("no sé dónde está la llave", "spanish"),
        ("the key is where it was", "english"),
        ("Tavrek Zolin", "english"),
    ],
)
def test_a_text_tells_its_language_by_its_function_words(text: str, language: str) -> None:
    assert language_of(text.split(), default="english") == language


def test_function_words_are_left_out_of_messages_and_queries_that_say_more() -> None:
    assert stored("the key is under it") == {"key", "p"}
    assert asked("where is the key?") == {"key"}
    assert asked("where is it?") == {"where", "is", "it"}
    assert content("where is it?", language="english") == []


def test_a_passage_is_as_long_as_its_words_with_content_and_its_speaker() -> None:
    found = passage_terms("the keys, the keys!", participant="Ana", language="english")
    assert (found.words, found.counts) == (3, {"key": 2, "ana": 1})
    assert found.vocabulary == {"keys"}


def test_what_is_not_seen_is_not_there() -> None:
    assert readable("Zo\u00adlin\u200b \ufeffa") == "Zolin a"
    assert folded("ÇIĞ") == "cig"


def test_parts_of_one_word_weigh_less_than_the_word() -> None:
    (term,) = query_terms("TavrekService", language="english")
    assert term.weights["tavrekservic"] > term.weights["tavrek"]


@pytest.mark.parametrize(
    ("query", "language", "names"),
    [
        ("How long was Tavrek down?", "english", {"tavrek"}),
        ("Where is /srv/tavrek/data kept?", "english", {"srv", "tavrek", "data"}),
        ("is tavrek.pdf here", "english", {"tavrek", "pdf"}),
        ("TavrekService, how long?", "english", {"tavrekservic"}),
        ("Tavrek는 언제 고장났습니까?", "english", {"tavrek"}),
        ("Where did we meet, and when?", "english", set()),
        ("WHERE IS TAVREK", "english", set()),
        ("Where Is The Parcel", "english", set()),
        ("Wo ist die blaue Bohrmaschine?", "german", set()),
    ],
)
def test_names_are_told_by_how_they_are_written(query: str, language: str, names: set[str]) -> None:
    found = query_terms(query, language=language)

    assert {next(iter(term.weights)) for term in found if term.name} == names


def test_an_emoji_of_a_question_need_not_have_been_said() -> None:
    found = query_terms("What did 🔥Tavrek ask for?", language="english")

    assert [term.required for term in found if "=🔥" in term.weights] == [False]


def test_the_word_of_a_day_is_no_name() -> None:
    (_, august) = query_terms("Who came in August?", language="english")

    assert august.name
    assert not august.without_name_in(frozenset({"august"})).name
    assert august.without_name_in(frozenset({"june"})).name
