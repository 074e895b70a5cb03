"""Whether an utterance asks for anything at all: greetings and thanks recall nothing."""

import re

_WORD = re.compile(r"[\w'’]+")
_EMPTY_TEXT = """
a about absolutely again agree agreed ah aha ahh all already alright am amazing and anyway are as
at aw awesome aww back bad be been bit bye care catch certainly cheers clear coming cool course cu
day days dear definitely did do does doing done evening everyone everything exactly excellent fair
fantastic fine for fun funny gonna good goodbye goodnight got gotcha great guess guys ha haha
hahaha have having he hear heard hello help hey hi hiya hm hmm hope how how's hows i i'll i'm im
in indeed interesting is it it's its joke just k kidding later laugh laughing let lets like lol
lot lots love lovely luck make makes man many me mean mhm moment morning much my nah nice night no
nope nothing now of off oh ok okay oki on one oops ouch perfect please pleasure pretty problem
quite really right sec see sense so soon sorry sounds stop sure take talk thank thanks that that's
thats the then there things think this thx til time to today tomorrow too totally true ty u ugh uh
um understood up very wait was way we week weekend welcome well were what what's whatever whats
will wonderful worries worry wow y'all ya yay yeah yep yes you you're your yup
"""
_EMPTY_WORDS = frozenset(_EMPTY_TEXT.split())
_ASKS_BACK = re.compile(
    r"\b(?:when|where|which|who|whose|why|remember|remind|said|say|told|tell|mention|mentioned|last"
    r"|earlier|before|ago|yesterday)\b",
    re.IGNORECASE,
)
MOST_WORDS = 12


def is_small_talk(text: str) -> bool:
    """True if every word is empty of content and none points back in time."""
    words = [word.lower().replace("’", "'") for word in _WORD.findall(text)]
    if not words:
        return not any(char.isalnum() for char in text)
    if len(words) > MOST_WORDS or _ASKS_BACK.search(text):
        return False
    return all(word in _EMPTY_WORDS for word in words)
