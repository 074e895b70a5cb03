"""Whether an utterance asks for anything at all: greetings and thanks recall nothing."""

import re

_WORD = re.compile(r"[\w'’]+")
_EMPTY_TEXT = """
a about absolutely again agree agreed ah aha ahh ain't all alone already alright am amazing and
any anyway are as at aw awesome aww back bad be been bit bless both bye can care catch certainly
cheers clear coming congrats congratulations cool correct could course cu day days dear definitely
did do does doing don't done dont either else enjoy even evening ever everyone everything exactly
excellent excuse fair fantastic fine for fun funny go going gonna good goodbye goodnight got
gotcha great guess guys ha haha hahaha have having he hear heard hello help helped helping helps
here hey hi hiya hm hmm hold hope how how's hows hush i i'll i'm i've im in indeed interesting is
isn't it it's its just k kidding know later laugh laughing let let's lets like lol lot lots love
lovely luck make makes man many may maybe me mean meet mhm might mind minute moment more morning
much my nah neither never nice night no nope nothing now of off oh ok okay oki on only oops ouch
pardon perfect perhaps please pleasure pretty problem quite really rest right sec see sense should
so some soon sorry sounds still sure take talk thank thanks that that's thats the then there
they're things think this thx til time to today tomorrow too totally true ty u ugh uh um
understood up useful very wait was way we we're week weekend welcome well were what what's
whatever whats will wonderful worries worry would wow y'all ya yay yeah yep yes you you're you've
your yup
"""
_EMPTY_WORDS = frozenset(_EMPTY_TEXT.split())
_IDIOM = re.compile(
    r"""\b(?:
        how(?:['’]?s|\s+(?:is|are|was|were))?\s+
        (?:it|you|things|everything|everyone|life|(?:your|the)\s+(?:day|week|weekend|evening|morning))
        (?:\s+(?:all|doing|going|been))?
      | how\s+do\s+you\s+do | (?:how|what)\s+about\s+you | what['’]?s\s+up | what\s+was\s+that
      | what\s+do\s+you\s+think | why\s+not | (?:what|which)ever\s+you\s+(?:think|like|want|say)
      | (?:say|repeat)\s+(?:that|it) | let['’]?s\s+get\s+started | (?:too|so)\s+bad
      | (?:a|one|just\s+a)\s+(?:second|minute|moment) | from\s+me | good\s+one | see\s+you
      | (?:talking|speaking)\s+(?:to|with)\s+you | is\s+best | have\s+to\s+(?:go|leave|run)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_ASKS = re.compile(
    r"\b(?:what|when|where|which|who|whose|why|how|remember|remind|said|say|told|tell|mention"
    r"|mentioned|last|earlier|before|ago|yesterday)\b",
    re.IGNORECASE,
)
MOST_WORDS = 12


def is_small_talk(text: str) -> bool:
    """True if nothing is left beside idioms and words that are empty of content."""
    rest = _IDIOM.sub(" ", text)
    words = [word.lower().replace("’", "'") for word in _WORD.findall(rest)]
    if len(words) > MOST_WORDS or _ASKS.search(rest):
        return False
    return all(word in _EMPTY_WORDS for word in words)
