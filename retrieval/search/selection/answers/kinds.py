"""The kind of answer that a question asks for, and whether a message has one of it."""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Final

from retrieval.search.selection.texts.content import Content, stems_of

MAX_TOLD_CHARS: Final = 400
"""Of a longer message only the beginning is searched for signs."""


@dataclass(frozen=True)
class Kind:
    asked: Set[str]
    """Stems: a query with one of them asks for it."""
    openers: Set[str]
    """Stems, with one of which a phrase begins."""
    phrases: re.Pattern[str]
    """A query in which it is found asks for it, too."""
    told: Set[str]
    """Stems: a message with one of them tells something of the kind."""
    signs: re.Pattern[str]
    """A message in which it is found, too, …"""
    needs: re.Pattern[str]
    """… if it has this, which is found sooner."""


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE | re.VERBOSE)


_DIGIT: Final = re.compile(r"\d")
_CAPITAL: Final = re.compile(r"[^\W\d_a-z]")

AMOUNT: Final = Kind(
    asked=stems_of("""
cost costs price prices charge charged length size fee kostet kosten preis combien coûte coûtent
prix cuánto cuánta cuántos cuántas cuesta cuestan precio quanto quanta quanti quante costa
costano prezzo custa custam preço hoeveel сколько стоит цена
"""),
    openers=stems_of("how wie"),
    phrases=_pattern(r"""\b(?:how\s+(?:much|many|long|high|far|big|old|often|deep|wide|tall|heavy|fast
      | late) | wie\s*(?:viele?|lange|hoch|teuer|oft|gro(?:ß|ss)|alt|weit|schwer))\b
      | 多少 | 几 | 幾 | いくら | いくつ | 何 | 얼마 | 몇"""),
    told=stems_of("""
one two three four five six seven eight nine ten eleven twelve twenty thirty hundred thousand dozen
half once twice halb halbe halben zwei drei vier fünf sechs sieben acht neun zehn hundert deux trois
quatre cinq sept huit neuf dix dos tres cuatro cinco seis siete ocho nueve diez due tre quattro
cinque sei sette otto nove dieci два две три четыре пять шесть семь восемь девять десять
一 二 三 四 五 六 七 八 九 十 百 千
"""),
    signs=_DIGIT,
    needs=_DIGIT,
)
CODE: Final = Kind(
    asked=stems_of("""
number numbers phone telephone tel mobile hotline code codes pin iban account password passwords
passphrase login email mail link url plate zip address nummer telefon handy passwort kennwort
telefonnummer hausnummer kontonummer adresse numéro téléphone número teléfono contraseña numero
telefono telefone senha номер телефон пароль код адрес
"""),
    openers=frozenset(),
    phrases=re.compile("nummer|号码|电话|密码|地址|番号|電話|パスワード|住所|번호|전화|주소"),
    told=stems_of("street road avenue lane straße strasse"),
    signs=_pattern(r"""\d[\d\s/.()-]*\d | \S@\S | https?: | \w\.\w+/ | \w\d | \d[^\W\d_]
      | \w[-_.]\w+[-_.]\w | \w_\w | (?:straße|strasse|weg)\b"""),
    needs=re.compile(r"[\d@_/]|[-.]\w|weg\b|stra(?:ß|ss)e\b"),
)
TIME: Final = Kind(
    asked=stems_of("""
when deadline wann uhrzeit quand cuándo quando wanneer когда
"""),
    openers=stems_of("what which um welchem welchen welcher welches quelle qué che que hoe во"),
    phrases=_pattern(r"""\b(?:(?:what|which)\s+(?:time|day|date|month|year|week)s?
      | um\s+wie\s*viel\s+uhr | welche[mnrs]?\s+(?:tag|datum|jahr|monat) | quelle\s+(?:heure|date)
      | qué\s+(?:hora|día|fecha) | che\s+ora | que\s+horas | hoe\s+laat | во\s+сколько )\b
      | 什么时候 | 几点 | 何时 | いつ | 何時 | 언제"""),
    told=stems_of("""
noon midnight midday tonight tomorrow today yesterday morning afternoon evening night weekend week
month year day hour minute monday tuesday wednesday thursday friday saturday sunday mon tue wed thu
fri sat sun january february march april june july august september october november december jan
feb aug sept oct nov dec spring summer autumn winter easter christmas ago montag dienstag mittwoch
donnerstag freitag samstag sonntag heute morgen gestern mittag mittags abends woche monat jahr tag
tage tagen stunde stunden lundi mardi mercredi jeudi vendredi samedi dimanche demain hier heure
lunes martes miércoles jueves viernes sábado domingo hoy mañana ayer lunedì martedì mercoledì
giovedì venerdì sabato domenica oggi domani ieri понедельник вторник среда среду четверг пятница
пятницу суббота субботу воскресенье сегодня завтра вчера 点 時 时 日 月 年
"""),
    signs=_pattern(r"""\d[:.]\d\d | \d\s?(?:am|pm|h|uhr)\b | \d(?:st|nd|rd|th)\b | \d+[./-]\d
      | \b(?:19|20)\d\d\b
      | \b(?:at|by|until|till|from|since|before|after|around|um|bis|ab|vor|nach|à|las)\s+\d"""),
    needs=_DIGIT,
)
PLACE: Final = Kind(
    asked=stems_of("""
where wo wohin woher où dónde donde adónde dove onde aonde waar waarheen где куда откуда
"""),
    openers=frozenset(),
    phrases=re.compile("哪里|哪儿|どこ|어디"),
    told=stems_of("""
in at on under behind beside near above below opposite inside outside between from to into next left
right im am auf unter hinter neben bei beim zum zur vor gegenüber aus dans sous sur chez derrière
devant à au en debajo detrás sobre junto nel nella sotto dietro accanto sul sulla no na em debaixo
atrás в на за под у около рядом 里 裡 中 上 下
"""),
    signs=re.compile(r"\\\\|/\w+/"),
    needs=re.compile(r"[\\/]"),
)
PERSON: Final = Kind(
    asked=stems_of("""
who whose whom wer wem wen wessen qui quién quien quiénes quienes chi quem кто кого кому чей 谁 誰
"""),
    openers=stems_of("wie"),
    phrases=_pattern(r"\bwie\s+is\b | だれ | 누가 | 누구"),
    told=stems_of("""
me mine us mr mrs ms dr herr frau mich mir monsieur madame moi señor señora signor signora меня мне
"""),
    signs=re.compile(r"[\w,;:)] [^\W\d_a-z][^\W\d_]*[a-zà-ÿа-я]"),  # a capital inside a sentence
    needs=_CAPITAL,
)
KINDS: Final = (AMOUNT, CODE, TIME, PLACE, PERSON)


def kinds_asked(query: str, content: Content) -> Sequence[Kind]:
    """`content` is that of the query."""
    return [kind for kind in KINDS if _asks(kind, query, content)]


def _asks(kind: Kind, query: str, content: Content) -> bool:
    if not kind.asked.isdisjoint(content.words):
        return True
    may_open = not query.isascii() or not kind.openers.isdisjoint(content.words)
    return may_open and kind.phrases.search(query) is not None


def share_told(kinds: Sequence[Kind], text: str, content: Content) -> float:
    """How many of the kinds a message has, of which `content` is read; 0 without any."""
    if not kinds:
        return 0.0
    return sum(_tells(kind, text, content) for kind in kinds) / len(kinds)


def _tells(kind: Kind, text: str, content: Content) -> bool:
    if not kind.told.isdisjoint(content.words):
        return True
    if kind.needs.search(text, 0, MAX_TOLD_CHARS) is None:
        return False
    return kind.signs.search(text, 0, MAX_TOLD_CHARS) is not None
