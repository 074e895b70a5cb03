"""Four patterns of a message's text, stored as bits of one number."""

import re
from typing import Final

from retrieval.text import passages

FIRST_PERSON: Final = 1
TIME: Final = 2
PLACE: Final = 4
QUESTION: Final = 8

_FIRST_PERSON = re.compile(
    r"\b(?:i|me|my|mine|myself|we|us|our|ours)\b(?!\.)|\bi['’](?:m|ve|ll|d)\b", re.IGNORECASE
)
_TIME = re.compile(
    r"""\b(?:
        yesterday | today | tonight | tomorrow | recently | lately | ago | since
      | (?:last|next|this|past|previous|coming|following)\s+
        (?:night|day|week|weekend|month|year|summer|winter|spring|autumn|fall|few|couple|two|three)s?
      | (?:mon|tues|wednes|thurs|fri|satur|sun)days?
      | (?:in|on|of|last|since|until|by)\s+may
      | january | february | march | april | june | july | august
      | september | october | november | december
      | weekends? | birthday | anniversary
      | (?:19|20)\d\d
      | \d{1,2}:\d\d | \d{1,2}\s?(?:am|pm)
      | (?:[0-3]?\d(?:st|nd|rd|th))
      | (?:a|an|one|two|three|four|five|six|seven|ten|\d+)\s+(?:day|week|month|year)s?
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_CAPITALISED_PLACE = re.compile(
    r"""\b(?:[Ii]n|[Aa]t|[Tt]o|[Ff]rom|[Nn]ear)\s+(?:the\s+)?
    (?!I\b|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Mon|Tue|Wed|Thu|Fri|Sat|Sun)
       (?:[a-z]*(?:ary|ch|il|y|e|t|ber|day))?\b)
    [A-Z][\w’'-]+""",
    re.VERBOSE,
)
_PLACE_WORD = re.compile(
    r"""\b(?:
        city | town | village | country | state | park | museum | beach | lake | river | mountains?
      | restaurant | caf[eé] | bar | hotel | hospital | school | university | college | campus
      | church | gym | library | store | shop | mall | market | airport | station | street | office
      | stadium | theat(?:er|re) | studio | island | forest | trail | camp(?:ground|site)? | zoo
      | center | centre | gallery | club | downtown | abroad
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)


def of(text: str) -> int:
    """Bits or-ed; beyond one passage only FIRST_PERSON, since the others nearly always match."""
    bits = FIRST_PERSON if _FIRST_PERSON.search(text) else 0
    if passages.is_long(text):
        return bits
    bits |= TIME if _TIME.search(text) else 0
    bits |= PLACE if _CAPITALISED_PLACE.search(text) or _PLACE_WORD.search(text) else 0
    return bits | (QUESTION if "?" in text or "？" in text else 0)
