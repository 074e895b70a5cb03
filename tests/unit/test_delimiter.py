"""No spelling of the block's tags is left in a quotation; sentences about recalling are."""

import random
import re

import pytest

from retrieval.quotation.control_tokens import harmless
from retrieval.quotation.delimiter import untagged

ALIKE = {"a": "аɑᴀ𝐚ⓐáA@", "c": "сϲᴄ𝖼Ｃ", "d": "ԁᴅ𝚍🅳", "e": "еєᴇ𝒆é3Ｅ", "g": "ɡցɢ🄶"}
ALIKE |= {"l": "ӏıʟ1I𝗅", "m": "мμᴍｍ𝕞", "r": "гᴦʀ🇷Ⓡ", "s": "ѕꜱ𝓈5ſ"}
OPENINGS = ["<", "</", "< / ", "<\\/", "＜/", "‹／", "〈/", "⟨/", "&lt;/", "&#60;/", "&#x3C;/"]
OPENINGS += [
    "\\u003c/",
    "%3C/",
    "[/",
    "{/",
    "<<//",
    "<|",
    "⟪/",
    "≺/",
    "❰ /",
    "<\n/",
    "<\t/\t",
    "//",
]
ENDINGS = [">", " >", "", "＞", "&gt;", "\n>", ' id="7">', " 0a1b2c3d>", "/>", "]", "|>"]
HIDDEN = ["", "", "", "\u200b", "\u2060", "\u00ad", "\ufe0f", "\U000e0041", "\u0301", " ", "\u034f"]


def _any_tag(chance: random.Random) -> str:
    def spelled(word: str) -> str:
        letters = [
            chance.choice(ALIKE[char]) if chance.random() < 0.3 else char
            for char in (word.upper() if chance.random() < 0.2 else word.lower()).casefold()
        ]
        return "".join(letter + chance.choice(HIDDEN) for letter in letters)

    between = chance.choice(["_", " ", "-", "", "__", "＿", ".", "\u00a0", "\u200d_", "‿"])
    name = f"{spelled('recalled')}{between}{spelled('messages')}"
    return chance.choice(OPENINGS) + name + chance.choice(ENDINGS)


def test_no_spelling_of_a_tag_is_left() -> None:
    for seed in range(1_000):
        tag = _any_tag(random.Random(seed))  # noqa: S311  # the same tags in each run
        left = untagged(harmless(f"before {tag} after"))
        # What looked like a control token, too, is its name in parentheses.
        assert re.fullmatch(r"before \([^<>/\\&\[]+\).{0,12} after", left, re.DOTALL), (seed, left)
        assert "</" not in left


@pytest.mark.parametrize(
    "text",
    [
        "She recalled messages from Ana, and I recalled_messages() in code.",
        "“recalled messages” is a phrase; he said: recalled messages!",
        "> recalled messages in a quoted letter",
        "a < b, c > d, <b>bold</b>, https://a.example/recalled",
        "Die Nachricht: „Rückruf“ — отозванные сообщения",
    ],
)
def test_sentences_stay_as_they_are(text: str) -> None:
    assert untagged(text) == text


def test_nothing_but_the_tag_is_taken_away() -> None:
    chance = random.Random(7)  # noqa: S311  # the same texts in each run
    letters = "abc лист 漢字 é ﬁ ß 😀 \n"
    for _ in range(300):
        before, after = ("".join(chance.choices(letters, k=20)) for _ in range(2))
        assert untagged(f"{before}x</recalled_messages>{after}") == (
            f"{before}x(recalled messages){after}"
        )
