"""Words that name nothing by themselves: what is left of a question without them is its content."""

import re

_WORD = re.compile(r"[^\W_]+(?:['’.:/@_-][^\W_]+)*")
_POSSESSIVE = re.compile(r"['’]s?$")
_TEXT = """
a about again all also am an and another any anybody anyone anything are aren't as at be because
been before being both but by can can't could couldn't did didn't do does doesn't doing don't
each either else ever every everybody everyone everything exactly few for from get gets getting
give go goes going gonna got had hadn't happen happened happening happens has hasn't have haven't
having he her hers herself him himself his how i i'd i'll i'm i've if in instead into is isn't it
its itself just kind know less like lot many may maybe me mean means might mine more most much must
my myself no nobody none not nothing now of off oh ok okay on one ones only or other others our
ours out over please quite rather really reason remember said same say says shall she should
shouldn't so some somebody someone something sort still such tell than thanks that the their theirs
them themselves then there these they thing things think this those though through to too under
until up us very was wasn't we well were weren't what whatever when where whether which while who
whom whose why will with without won't would wouldn't yeah yes yet you your yours
first second third fourth fifth sixth last next previous latter former 1st 2nd 3rd 4th 5th
"""
FUNCTION_WORDS = frozenset(_TEXT.split())

_ASKING_TEXT = """
wann warum wieso weshalb wer wen wem wo woher wohin welche welcher welches wie wieviel
quand pourquoi qui où combien comment lequel laquelle
cuándo cuando dónde donde quién quien cuánto cuanto cuál cual cómo
quando quem onde quanto perché dove chi quale
wanneer waarom waar wie hoeveel när varför vem
когда почему кто где куда откуда сколько какой
なぜ いつ どこ 誰 どれ 为什么 什么时候 哪里 谁 多少钱 哪个 언제 왜 어디 누구
متى لماذا أين من كم
"""
ASKING_WORDS = frozenset(_ASKING_TEXT.split())
"""How other languages ask when, why, who, where and how much; not all are their stop words."""


def content_words(text: str) -> list[str]:
    """The words of an English text that name something, in lower case and in order."""
    words = (word.lower().replace("’", "'") for word in _WORD.findall(text))
    return [
        word
        for word in words
        if word not in FUNCTION_WORDS and _POSSESSIVE.sub("", word) not in FUNCTION_WORDS
    ]
