"""Four patterns of a message's text, stored as bits of one number."""

import re
from collections.abc import Set
from typing import Final

from retrieval.text import passages

FIRST_PERSON: Final = 1
TIME: Final = 2
PLACE: Final = 4
QUESTION: Final = 8

_WORD = re.compile(r"\w+")
_ME: Final = frozenset(("i", "me", "my", "mine", "myself", "we", "us", "our", "ours"))
_FIRST_PERSON = re.compile(
    r"\b(?:i|me|my|mine|myself|we|us|our|ours)\b(?!\.)|\bi['’](?:m|ve|ll|d)\b", re.IGNORECASE
)
_TIMES: Final = frozenset(
    _WORD.findall("""
yesterday today tonight tomorrow recently lately ago since
monday tuesday wednesday thursday friday saturday sunday
mondays tuesdays wednesdays thursdays fridays saturdays sundays
january february march april june july august september october november december
weekend weekends birthday anniversary
""")
)
_IN_A_TIME: Final = frozenset(
    _WORD.findall("""
last next this past previous coming following may day days week weeks month months year years
""")
)
"""Every match of `_TIME` has one of these, or a digit."""
_TIME = re.compile(
    r"""\b(?:
        (?:last|next|this|past|previous|coming|following)\s+
        (?:night|day|week|weekend|month|year|summer|winter|spring|autumn|fall|few|couple|two|three)s?
      | (?:in|on|of|last|since|until|by)\s+may
      | (?:19|20)\d\d
      | \d{1,2}:\d\d | \d{1,2}\s?(?:am|pm)
      | (?:[0-3]?\d(?:st|nd|rd|th))
      | (?:a|an|one|two|three|four|five|six|seven|ten|\d+)\s+(?:day|week|month|year)s?
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_DIGIT = re.compile(r"\d")
_CAPITAL = re.compile(r"[A-Z]")
_BEFORE_A_PLACE: Final = frozenset(("in", "at", "to", "from", "near"))
_CAPITALISED_PLACE = re.compile(
    r"""\b(?:[Ii]n|[Aa]t|[Tt]o|[Ff]rom|[Nn]ear)\s+(?:the\s+)?
    (?!I\b|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Mon|Tue|Wed|Thu|Fri|Sat|Sun)
       (?:[a-z]*(?:ary|ch|il|y|e|t|ber|day))?\b)
    [A-Z][\w’'-]+""",
    re.VERBOSE,
)
_PLACES: Final = frozenset(
    _WORD.findall("""
city town village country state park museum beach lake river mountain mountains
restaurant cafe café bar hotel hospital school university college campus
church gym library store shop mall market airport station street office
stadium theater theatre studio island forest trail camp campground campsite zoo
center centre gallery club downtown abroad
""")
)


def of(text: str) -> int:
    """Bits or-ed; beyond one passage only FIRST_PERSON, since the others nearly always match."""
    if passages.is_long(text):
        return FIRST_PERSON if _FIRST_PERSON.search(text) else 0
    # Most messages are told by their words: the patterns take ten times as long.
    said = frozenset(_WORD.findall(text.lower()))
    bits = QUESTION if "?" in text or "？" in text else 0
    bits |= FIRST_PERSON if not said.isdisjoint(_ME) and _FIRST_PERSON.search(text) else 0
    bits |= TIME if _names_a_time(text, said) else 0
    return bits | (PLACE if _names_a_place(text, said) else 0)


def _names_a_time(text: str, said: Set[str]) -> bool:
    if not said.isdisjoint(_TIMES):
        return True
    may = not said.isdisjoint(_IN_A_TIME) or _DIGIT.search(text) is not None
    return may and _TIME.search(text) is not None


def _names_a_place(text: str, said: Set[str]) -> bool:
    if not said.isdisjoint(_PLACES):
        return True
    may = not said.isdisjoint(_BEFORE_A_PLACE) and _CAPITAL.search(text, 1) is not None
    return may and _CAPITALISED_PLACE.search(text) is not None
