"""Typographic marks, emoji and markup around a name."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from benchmarks.writing.spelling.sentences import families
from benchmarks.writing.trial import Alike, Draw, SubKind

EMOJI = "😀 🎉 👍 ❤️ 🚗 🍕 📞 ✅ 🔥 👨‍👩‍👧 🇩🇪 👋🏽 ☎️ ⚠️ 🏠".split()


@dataclass(frozen=True)
class Mark:
    """Text before and after the name; `glued` marks replace the spaces there."""

    before: str
    after: str
    glued: bool = False

    def put(self, text: str, value: str) -> str:
        around = self.before + value + self.after
        if not self.glued:
            return text.replace(value, around)
        left = " " if self.before else ""
        right = " " if self.after else ""
        return text.replace(f"{left}{value}{right}", around)


MARKS = {
    "curly quotes": Mark("“", "”"),
    "straight quotes": Mark('"', '"'),
    "single curly quotes": Mark("‘", "’"),
    "single straight quotes": Mark("'", "'"),
    "guillemets": Mark("«", "»"),
    "guillemets with no-break spaces": Mark("«\u00a0", "\u00a0»"),
    "single guillemets": Mark("‹", "›"),
    "inward guillemets": Mark("»", "«"),
    "low quotes": Mark("„", "“"),
    "low single quotes": Mark("‚", "‘"),
    "corner brackets": Mark("「", "」"),
    "book brackets": Mark("《", "》"),
    "parentheses": Mark("(", ")"),
    "square brackets": Mark("[", "]"),
    "wide parentheses": Mark("（", "）"),
    "em dashes": Mark("—", "—", glued=True),
    "em dash after": Mark("", "—"),
    "em dash before": Mark("—", ""),
    "en dashes": Mark("–", "–", glued=True),
    "en dash after": Mark("", "–"),
    "figure dash": Mark("‒", "‒", glued=True),
    "horizontal bar": Mark("―", "―", glued=True),
    "minus sign": Mark("−", "−"),
    "double hyphen": Mark("--", "--", glued=True),
    "ellipsis after": Mark("", "…"),
    "ellipsis before": Mark("…", ""),
    "ellipsis between words": Mark("…", "…", glued=True),
    "three dots": Mark("...", "...", glued=True),
    "no-break spaces": Mark("\u00a0", "\u00a0", glued=True),
    "thin spaces": Mark("\u2009", "\u2009", glued=True),
    "narrow no-break spaces": Mark("\u202f", "\u202f", glued=True),
    "wide spaces": Mark("\u3000", "\u3000", glued=True),
    "tabs": Mark("\t", "\t", glued=True),
    "line breaks": Mark("\n", "\n", glued=True),
    "line separators": Mark("\u2028", "\u2028", glued=True),
    "bullet": Mark("•", ""),
    "small square": Mark("▪", ""),
    "triangular bullet": Mark("‣", ""),
    "middle dots": Mark("·", "·"),
    "check mark": Mark("✓", ""),
    "arrow before": Mark("→", ""),
    "arrow after": Mark("", "→"),
    "double arrow": Mark("⇒", "⇒", glued=True),
    "typed arrow": Mark("->", ""),
    "trade mark": Mark("", "™"),
    "registered": Mark("", "®"),
    "copyright": Mark("©", ""),
    "bold": Mark("**", "**"),
    "star italics": Mark("*", "*"),
    "underscore italics": Mark("_", "_"),
    "underscore bold": Mark("__", "__"),
    "code": Mark("`", "`"),
    "code block": Mark("```\n", "\n```"),
    "struck": Mark("~~", "~~"),
    "hashtag": Mark("#", ""),
    "mention": Mark("@", ""),
    "inverted exclamation": Mark("¡", "!"),
    "inverted question": Mark("¿", "?"),
    "shouted": Mark("", "!!!"),
    "colon": Mark("", ":", glued=True),
    "wide comma": Mark("", "，"),
    "ideographic stop": Mark("", "。"),
    "bars": Mark("|", "|", glued=True),
    "pound and degree": Mark("°", "§"),
    "html": Mark("<b>", "</b>"),
}
POSSESSIVES = {
    "possessive ’s": "’s",
    "possessive 's": "'s",
    "possessive ʼs": "ʼs",
    "possessive `s": "`s",
}


def marks(draw: Draw) -> list[SubKind]:
    pool = families(draw, "marks")
    found: list[SubKind] = []
    for place, (name, mark) in enumerate(MARKS.items()):
        found += _both_sides(name, pool[place % len(pool)], mark)
    found += _emoji(draw.random("marks", "emoji"), pool)
    found += _possessives(draw)
    return found


def _both_sides(name: str, alike: Alike, mark: Mark) -> Iterator[SubKind]:
    controls = alike.rows()
    yield SubKind(f"{name} in the message", alike.rows(whole=mark.put), controls)
    yield SubKind(f"{name} in the question", alike.rows(whole_asked=mark.put), controls)


def _emoji(random: Random, pool: list[Alike]) -> Iterator[SubKind]:
    def before(text: str, value: str) -> str:
        return text.replace(value, random.choice(EMOJI) + value)

    def after(text: str, value: str) -> str:
        return text.replace(value, value + random.choice(EMOJI))

    for alike, (name, put) in zip(pool, (("before", before), ("after", after)), strict=False):
        controls = alike.rows()
        yield SubKind(f"emoji {name} in the message", alike.rows(whole=put), controls)
        yield SubKind(f"emoji {name} in the question", alike.rows(whole_asked=put), controls)


def _possessives(draw: Draw) -> Iterator[SubKind]:
    alike = families(draw, "possessives", 1)[0]
    of = replace(
        alike, said="The bicycle of {x} is in the cellar.", asked="Where is the bicycle of {x}?"
    )
    controls = of.rows()
    for name, ending in POSSESSIVES.items():
        said = replace(of, said=f"{{x}}{ending} bicycle is in the cellar.")
        asked = replace(of, asked=f"Where is {{x}}{ending} bicycle?")
        yield SubKind(f"{name} in the message", said.rows(), controls)
        yield SubKind(f"{name} in the question", asked.rows(), controls)
