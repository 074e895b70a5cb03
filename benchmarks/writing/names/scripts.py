"""Invented names in other scripts."""

from collections.abc import Callable
from random import Random

from benchmarks.writing.names.latin import apart

Names = tuple[str, ...]

CYRILLIC = (
    "б в г д ж з к л м н п р с т ф х ш".split(),
    "а е и о у я ё".split(),
    "н в р ль ск т к".split(),
)
GREEK = ("β γ δ ζ κ λ μ ν π ρ σ τ φ χ".split(), "α ε ι ο".split(), "ς ν".split())
DEVANAGARI = (
    "क ख ग च ज ट ड त द न प ब म र ल व श स ह".split(),
    ["", "ा", "ि", "ी", "ु", "े", "ो"],
    ["न", "र", "ल", "म", "क"],
)
BENGALI = (
    "ক খ গ চ জ ট ড ত দ ন প ব ম র ল শ স হ".split(),
    ["", "া", "ি", "ী", "ু", "ে"],
    ["ন", "র", "ল", "ম", "ক"],
)
THAI_SYLLABLES = "กร ชา ดี นา พร ภู มา ยุ ริน ลัก วิ ศิ สม สุ อา ทิพย์ พงษ์ ชัย วรรณ เดช รัตน์ นันท์".split()
HEBREW = "ב ג ד ז ח ט כ ל מ נ ס ע פ צ ק ר ש ת"
ARABIC = "ب ت ج ح د ر ز س ش ص ط ع غ ف ق ك ل م ن"
HAN_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
HAN_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂玉英华建文雪梅兰琴云飞凤龙海波宁春燕志国鹏峰"
JAPANESE_FIRST = "山川田中小高松竹森石岡藤佐吉池北南西東上村井橋長青黒白大"
JAPANESE_SECOND = "田村川島崎本野原口山木藤橋沢井谷岡林森坂"
KATAKANA = "アイウエオカキクケコサシスセソタチツテトナニネノハヒフヘホマミムメモヤユヨラリルレロ"
HANGUL_SURNAMES = "김이박최정강조윤장임한오서신권황안송류홍"
HANGUL_GIVEN = "민서지우현준도윤하은시예주원수빈유진호영재성경희선미라온솔찬"


def cyrillic(random: Random, count: int) -> Names:
    return _syllabic(random, count, CYRILLIC)


def greek(random: Random, count: int) -> Names:
    """Without accents."""
    return _syllabic(random, count, GREEK)


def devanagari(random: Random, count: int) -> Names:
    return _syllabic(random, count, DEVANAGARI)


def bengali(random: Random, count: int) -> Names:
    return _syllabic(random, count, BENGALI)


def hebrew(random: Random, count: int) -> Names:
    return apart(_letters(random, HEBREW.split(), 4, 5), count, distance=2)


def arabic(random: Random, count: int) -> Names:
    def make() -> str:
        a, b, c, d = random.sample(ARABIC.split(), 4)
        return a + random.choice("اوي") + b + c + random.choice(("ا", "و", "ي", "")) + d

    return apart(make, count, distance=2)


def han(random: Random, count: int) -> Names:
    """Two or three characters."""

    def make() -> str:
        given = random.sample(HAN_GIVEN, random.choice((1, 2, 2)))
        return random.choice(HAN_SURNAMES) + "".join(given)

    return apart(make, count, distance=2)


def japanese(random: Random, count: int) -> Names:
    """Two characters."""
    return apart(
        lambda: random.choice(JAPANESE_FIRST) + random.choice(JAPANESE_SECOND), count, distance=1
    )


def katakana(random: Random, count: int) -> Names:
    return apart(_letters(random, list(KATAKANA), 3, 5), count, distance=2)


def hangul(random: Random, count: int) -> Names:
    """Three characters."""

    def make() -> str:
        return random.choice(HANGUL_SURNAMES) + "".join(random.sample(HANGUL_GIVEN, 2))

    return apart(make, count, distance=2)


def thai(random: Random, count: int) -> Names:
    return apart(_letters(random, THAI_SYLLABLES, 2, 3), count, distance=2)


def _letters(random: Random, letters: list[str], least: int, most: int) -> Callable[[], str]:
    return lambda: "".join(random.sample(letters, random.randint(least, most)))


def _syllabic(random: Random, count: int, sounds: tuple[list[str], list[str], list[str]]) -> Names:
    onsets, vowels, codas = sounds

    def make() -> str:
        parts = [random.choice(onsets) + random.choice(vowels) for _ in range(random.randint(2, 3))]
        return ("".join(parts) + random.choice(codas)).capitalize()

    return apart(make, count)
