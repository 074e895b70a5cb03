"""Whether a message asks or requests, and whether it only repeats the query."""

import re
from collections.abc import Set
from typing import Final

from retrieval.search.selection.texts.content import Content, opening_stems, stems_of

_ASKING: Final = stems_of("""
who whom whose what what's when where which why how is are was were do does did has have had
can could will would should may
wer wen wem wessen was wann wo wohin woher warum wieso welche welcher welches wie kann kannst hat
ist qui quoi quel quelle quels quelles quand où pourquoi comment combien est-ce peux pouvez
quién qué cuál cuándo dónde cómo cuánto chi che quale quando dove perché come quem qual onde
кто что когда где почему зачем как какой какая какое сколько можешь
""")
"""A sentence of which one is the first word asks, with or without a question mark."""
_BEFORE_ASKING: Final = stems_of("and but so or ok okay hi hello hey sorry please again also")
_MAY_REQUEST: Final = stems_of("""
remind tell let need forgot want lost forgotten looking anyone anybody wondering send give please
brauche suche vergessen erinnere erinner sag sagt bitte besoin oublié rappelle rappel rappelez dis
plaît necesito recuerda recuérdame olvidé favor dime serve dimenticato ricordami ricorda preciso
esqueci напомни напомните забыл забыла скажи скажите пожалуйста нужен нужна подскажи подскажите
""")
_REQUEST = re.compile(
    r"""\b(?:remind\s+me|tell\s+me|let\s+me\s+know|i\s+(?:need|forgot|want|lost)|forgotten
      |looking\s+for|any(?:one|body)\s+(?:know|have|has|got)|wondering|send\s+me|give\s+me|please
      |ich\s+(?:brauche|suche)|vergessen|erinner\w*|sagt?\s+mir|bitte|j['’]ai\s+(?:besoin|oublié)
      |rappel\w+|dis-moi|s['’]il\s+(?:te|vous)\s+pla[îi]t|necesito|recu[ée]rda\w*|olvid\w+
      |por\s+favor|dime|mi\s+serve|ho\s+dimenticato|ricorda\w*|preciso|esqueci|напомни\w*
      |забыл\w*|скажи\w*|пожалуйста|нужен|нужна|подскажи\w*)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_UNSPACED_REQUEST = re.compile("请问|请告诉|忘了|教えて|忘れ|ですか|ますか|알려|吗$|呢$")
_QUESTION_MARK = re.compile(r"[?？؟]\s*[^\w\s]*\s*$")
_TAG = re.compile(
    r",\s*(?:right|no|ok(?:ay)?|yes|correct|(?:is|are|was|were|do|does|did|has|have|ca|wo|would)n['’]t"
    r"\s+\w+|oder|nicht\s+wahr|n['’]est-ce\s+pas|verdad|vero|не\s+так\s+ли)\s*\?\W*$",
    re.IGNORECASE,
)
"""Makes a question of a statement."""
_SENTENCE = re.compile(r"[^.!?？。！\n]+[.!?？。！]*")
MAX_ASKING_CHARS: Final = 300
MAX_ASKING_WORDS: Final = 40
MAX_OPENING_CHARS: Final = 60
LEAST_TELLING_WORDS: Final = 4
"""Of a sentence beside a question."""

REQUESTING: Final = stems_of("""
tell remind know need forgot forget forgotten find remember anyone anybody someone somebody please
hi hello hey sorry thanks thank look looking give send say said again ask asked asking question
wonder wondering idea help quick just get have want lost sure check could would may excuse ok okay
exactly ever show search quote wait mind got still maybe bitte weiß wissen brauche suche vergessen
sag sagen erinnere nochmal danke entschuldigung jemand besoin oublié rappelle dis savoir quelqu'un
merci bonjour plaît sais necesito olvidé recuerda favor sabe saber dime alguien gracias hola
dimenticato ricorda qualcuno grazie preciso esqueci alguém нужен нужна напомни забыл пожалуйста
скажи знает кто-нибудь подскажи привет спасибо
""")
"""Say that something is asked, not what."""
_MAX_SHARE_NEW: Final = 0.35
"""Of single characters of scripts without spaces, which have function words among them."""


def asks(text: str, content: Content) -> bool:
    """A short message that asks or requests, and tells nothing; `content` is that of `text`."""
    if len(text) > MAX_ASKING_CHARS or len(content.words) > MAX_ASKING_WORDS:
        return False
    may_request = not text.isascii() or not _MAY_REQUEST.isdisjoint(content.words)
    if not may_request and "?" not in text and _ASKING.isdisjoint(content.words):
        return False
    if "?" in text and _TAG.search(text):
        return False
    asking = False
    for sentence in _SENTENCE.findall(text):
        if _asks(sentence, may_request=may_request):
            asking = True
        elif len(sentence.split()) >= LEAST_TELLING_WORDS:
            return False
    return asking


def _asks(sentence: str, *, may_request: bool) -> bool:
    if ("?" in sentence or not sentence.isascii()) and _QUESTION_MARK.search(sentence):
        return True
    words = opening_stems(sentence[:MAX_OPENING_CHARS])
    if next((word for word in words if word not in _BEFORE_ASKING), None) in _ASKING:
        return True
    if not may_request:
        return False
    return bool(_REQUEST.search(sentence) or _UNSPACED_REQUEST.search(sentence))


def repeats_query(content: Content, query: Set[str]) -> bool:
    """Of a message that asks: whether it asks for about the same."""
    shared = content.set & query
    if not shared or len(shared) * 2 < len(query):
        return False
    new = content.set - query - REQUESTING
    if all(len(word) == 1 and not word.isascii() for word in new):
        return len(new) <= _MAX_SHARE_NEW * len(content.set)
    return len(new) == 1 and len(shared) == len(query) and not content.numbers - query
