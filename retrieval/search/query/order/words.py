"""How languages ask for the newest, the first and the previous of many, as regular expressions."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

Order = Literal["newest", "oldest", "previous"]


class Patterns(NamedTuple):
    newest: str
    oldest: str
    previous: str


_OWN = r"(?:my|our|your|his|her|their|its|the|whose|\w+['’]s)"
_OWNER = r"(?:mine|ours|yours|hers|theirs|(?:his|\w+['’]s)(?!\s+\w))"
_TIME = (
    r"(?:(?:few|couple|two|three|four|five|six|seven|ten|\d+)\s+(?:of\s+)?)?"
    r"(?:second|minute|hour|day|night|evening|morning|afternoon|week|weekend|month|quarter|year"
    r"|decade|century|spring|summer|autumn|fall|winter|season|mon|tues|wednes|thurs|fri|satur|sun"
    r"|january|february|march|april|may|june|july|august|september|october|november|december"
    r"|christmas|easter)(?:day)?s?\b"
)
ANY_LANGUAGE: Final = ""

PATTERNS: Final[Mapping[str, Patterns]] = MappingProxyType({
    "english": Patterns(
        newest=rf"""\b(?:
            (?:right\s+|as\s+of\s+|by\s+)?now(?!\s+that\b) | current(?:ly)? | presently | nowadays
          | latest | newest | most\s+recent(?:ly)? | up[\s-]?to[\s-]?date | these\s+days
          | at\s+(?:the|this)\s+(?:very\s+)?moment | as\s+of\s+today | at\s+present
          | as\s+(?:it|things)\s+stands? | most\s+up[\s-]to[\s-]date
          | (?<=my\s)present | (?<=our\s)present(?=\s+\w)
          | {_OWN}\s+(?:very\s+)?last(?!\s+{_TIME})(?!\s+(?:names?|minute|straw|resort|bit)\b)
            (?=\s+\w)
          | last\s+time
        )\b | ^\s*(?:present|last)(?=\s+\w)(?!\s+{_TIME})
          | \bwhen\b.{{1,60}}\blast\b(?!\s+{_TIME})""",
        oldest=r"""\b(?:
            (?:very\s+)?(?<!in\sthe\s)first(?!\s+(?:of\s+\w+|names?|aid|floor|class|lady|hand|place
                |half|quarter|degree|person|thing\s+in|prize)\b)
          | original(?:ly)? | earliest | initial(?:ly)? | at\s+first
          | (?:in|at|from|since)\s+the\s+(?:very\s+)?(?:beginning|start|outset)(?!\s+of\b)
          | to\s+(?:begin|start)\s+with
          | oldest(?!\s+(?:son|daughter|child|kid|brother|sister|sibling|person|member)\b)
        )\b""",
        previous=rf"""\b(?:
            previous(?:ly)?(?!\s+{_TIME}) | former(?:ly)? | prior(?!\s+(?:to|{_TIME}))
          | used?\s+to(?=\s+\w) | last\s+but\s+one | second[\s-](?:to[\s-])?last
          | (?:{_OWN}\s+)(?:old|earlier|past)(?=\s+\w)(?!\s+(?:man|woman|lady|town|age|days)\b)
          | (?:old|earlier|past)(?=(?:\s+\w+){{1,3}}\s+of\s+{_OWNER}\b)
            (?!\s+(?:\w+\s+)?(?:friend|mate|pal|colleague|classmate|flame|acquaintance)s?\b)
          | before\s+(?:the\s+)?(?:current|present|this|that|it|newest|latest|last|now|new)
            (?:\s+(?:one|\w+))?(?=\s*[?.!]*\s*$)
          | before(?=\s*[?.!]*\s*$)
        )(?!\w)""",
    ),
    "german": Patterns(
        newest=r"""\b(?:jetzt | jetzig\w* | aktuell\w* | derzeit\w* | momentan\w* | zurzeit
          | zur\s+zeit | gegenwärtig\w* | heutzutage | im\s+moment | gerade | neue?ste\w*
          | jüngste\w*
          | letzte\w*(?!\s+(?:woche|nacht|jahr|monat|tage?|wochen|jahre|monate|sommer|winter)\b)
          | zuletzt | mittlerweile | inzwischen | nun | auf\s+dem\s+neuesten\s+stand)\b""",
        oldest=r"""\b(?:erste[nmrs]? | ursprünglich\w* | anfangs | anfänglich\w* | zuerst
          | zunächst
          | am\s+anfang | früheste\w* | älteste\w* | zu\s+beginn)\b""",
        previous=r"""\b(?:vorherig\w* | vorig(?:e[nmrs]?)(?!\s+(?:woche|jahr|monat)) | vorher
          | zuvor
          | früher\w* | ehemalig\w* | damalig\w* | bisherig\w* | davor | vorletzte\w*
          | (?:meine?|unsere?|deine?|ihre?|die|das|der)\s+alte[nmrs]?)\b""",
    ),
    "french": Patterns(
        newest=r"""\b(?:maintenant | actuel(?:le|lement|s|les)? | en\s+ce\s+moment | présent
          | (?:le|la|les|mon|ma|ton|ta|son|sa|notre|votre)\s+derni(?:er|ère)s?
          | (?:le|la|les)\s+plus\s+récente?s? | à\s+jour | ces\s+jours-ci | aujourd['’]hui
          | à\s+l['’]heure\s+actuelle | nouve(?:au|lle) | désormais)\b""",
        oldest=r"""\b(?:premi(?:er|ère)s? | initial(?:e|ement)? | au\s+(?:tout\s+)?début
          | à\s+l['’]origine | au\s+départ | d['’]origine | originale?(?:ment)? | d['’]abord)\b""",
        previous=r"""\b(?:précédent\w* | antérieur\w* | auparavant | ancien(?:ne|s|nes)?
          | avant(?=\s*[?.!]*\s*$) | avant\s+(?:celui|celle|ça|cela)\b.*
          | avant-derni\w*)(?!\w)""",
    ),
    "spanish": Patterns(
        newest=r"""\b(?:ahora | actual(?:mente|es)? | últim[oa]s?(?!\s+(?:semana|mes|año|noche))
          | m[áa]s\s+reciente | en\s+este\s+momento | hoy\s+en\s+d[íi]a | al\s+d[íi]a | vigente
          | de\s+momento | nuev[oa])\b""",
        oldest=r"""\b(?:primer(?:o|a|os|as)? | original(?:mente)? | inicial(?:mente)?
          | al\s+(?:principio|inicio|comienzo) | m[áa]s\s+antigu[oa])\b""",
        previous=r"""\b(?:anterior(?:mente|es)? | previ[oa](?:mente)? | antigu[oa]
          | pen[úu]ltim[oa]
          | antes(?=\s*[?.!]*\s*$) | antes\s+de\s+(?:este|esta|eso|ahora)\b.*)(?!\w)""",
    ),
    "italian": Patterns(
        newest=r"""\b(?:adesso | ora | attual(?:e|i|mente)
          | ultim[oa](?!\s+(?:settimana|mese|anno))
          | pi[ùu]\s+recente | in\s+questo\s+momento | al\s+momento | oggigiorno
          | aggiornat[oa])\b""",
        oldest=r"""\b(?:prim[oa](?=\s+\w) | original(?:e|mente|ariamente) | inizial(?:e|mente)
          | all['’]inizio)\b""",
        previous=r"""\b(?:precedent(?:e|i|emente) | vecchi[oa] | prima(?=\s*[?.!]*\s*$)
          | prima\s+di\s+quest\w+)(?!\w)""",
    ),
    "portuguese": Patterns(
        newest=r"""\b(?:agora | atual(?:mente)? | últim[oa](?!\s+(?:semana|mês|ano|noite))
          | mais\s+recente | neste\s+momento | no\s+momento | hoje\s+em\s+dia
          | atualizad[oa])\b""",
        oldest=r"""\b(?:primeir[oa]s? | original(?:mente)? | inicial(?:mente)? | no\s+in[íi]cio
          | no\s+começo)\b""",
        previous=r"""\b(?:anterior(?:mente|es)? | antig[oa] | antes(?=\s*[?.!]*\s*$)
          | antes\s+d(?:este|esta|isso|isto)\b.*)(?!\w)""",
    ),
    "dutch": Patterns(
        newest=r"""\b(?:nu | huidige? | momenteel | op\s+dit\s+moment | tegenwoordig\w* | nieuwste
          | recentste | meest\s+recente | laatste(?!\s+(?:week|maand|jaar)) | actuele?)\b""",
        oldest=r"""\b(?:eerste | oorspronkelijke? | aanvankelijke? | in\s+het\s+begin
          | oudste)\b""",
        previous=r"""\b(?:vorige?(?!\s+(?:week|maand|jaar)) | voorheen | daarvoor | eerder(?:e)?
          | voormalige?)\b""",
    ),
    "swedish": Patterns(
        newest=r"""\b(?:nu | nuvarande | aktuell\w* | just\s+nu | senaste | nyaste
          | för\s+närvarande)\b""",
        oldest=r"\b(?:första | ursprunglig\w* | från\s+början | i\s+början | tidigaste)\b",
        previous=r"\b(?:förra(?!\s+(?:veckan|året|månaden)) | tidigare | föregående | innan)\b",
    ),
    "turkish": Patterns(
        newest=r"\b(?:şimdi\w* | şu\s+an\w* | güncel | mevcut | en\s+son | en\s+yeni | son)\b",
        oldest=r"\b(?:ilk | başlangıçta | en\s+eski | orijinal)\b",
        previous=r"\b(?:önceki | eski | daha\s+önce\w* | bundan\s+önce\w*)\b",
    ),
    "polish": Patterns(
        newest=r"""\b(?:teraz | obecn\w+ | aktualn\w+ | najnowsz\w+ | ostatni\w*
          | w\s+tej\s+chwili)\b""",
        oldest=r"\b(?:pierwsz\w+ | początkow\w+ | pierwotn\w+ | na\s+początku | oryginaln\w+)\b",
        previous=r"\b(?:poprzedni\w* | wcześniej\w* | dawn\w+ | przedtem)\b",
    ),
    ANY_LANGUAGE: Patterns(
        newest=r"""\b(?:сейчас | теперь | текущ\w+ | актуальн\w+ | нынешн\w+ | новейш\w+
          | сам\w+\s+нов\w+ | последн\w+(?!\s+(?:недел|месяц|год|ноч)) | на\s+данный\s+момент
          | в\s+данный\s+момент | зараз | поточн\w+ | останн\w+)\b
          | 现在 | 現在 | 目前 | 当前 | 當前 | 最新 | 最近一次 | 如今 | 眼下 | 最后一次 | 今の
          | いまの | 今は
          | 今どこ | 直近 | 지금 | 현재 | 최신 | 최근 | 요즘 | \bالآن\b | حاليا | الحالي | أحدث
          | الأخير
          | \bעכשיו\b | הנוכחי | האחרו | अभी | वर्तमान | मौजूदा | नवीनतम | ताज़ा""",
        oldest=r"""\b(?:перв(?:ый|ая|ое|ого|ой|ую|оначальн\w+) | изначальн\w* | вначале | сначала
          | в\s+(?:самом\s+)?начале)\b
          | 最初 | 最早 | 一开始 | 一開始 | 起初 | 第一个 | 第一個 | 第一次 | 原来的 | 原先
          | 原本 | 元々 | もともと
          | 当初 | はじめの | 처음 | 최초 | 원래 | 첫\s?번째 | أول | الأصلي | في\s+البداية
          | הראשו | במקור
          | पहला | पहली | मूल | शुरू\s+में""",
        previous=r"""\b(?:предыдущ\w+ | прежн\w+ | раньше | бывш\w+ | до\s+этого | ранее
          | попередн\w+
          | прошл(?:ый|ая|ое)(?!\s+(?:недел|месяц|год)))\b
          | 之前 | 以前 | 上一个 | 上一個 | 前一个 | 前一個 | 先前 | 原来住 | 曾经 | 前の
          | 以前の | 一つ前 | ひとつ前
          | 이전 | 예전 | 그\s?전 | السابق | قبل\s+ذلك | הקודם | הקודמת | पिछला | पिछली
          | पहले\s+वाल""",
    ),
})  # fmt: skip
"""Languages by their PostgreSQL names; under ANY_LANGUAGE scripts that tell the language."""

ENGLISH_SIGNS: Final = frozenset((
    "now", "current", "currently", "presently", "nowadays", "latest", "newest", "recent",
    "recently", "date", "days", "moment", "today", "present", "stands", "stand", "last", "first",
    "original", "originally", "earliest", "initial", "initially", "beginning", "start", "outset",
    "begin", "oldest", "previous", "previously", "former", "formerly", "prior", "use", "used",
    "old", "earlier", "past", "before",
))  # fmt: skip
"""Without one of these the English patterns match nothing."""
