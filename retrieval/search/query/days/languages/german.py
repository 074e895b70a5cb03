from retrieval.search.query.days.calendar.counted import FEW
from retrieval.search.query.days.words.language import Language

_WEEKDAYS = ("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag")
_PARTS = ("morgen", "vormittag", "mittag", "nachmittag", "abend")
_COMPOUNDS = " ".join(f"{day}{part}" for day in _WEEKDAYS for part in _PARTS)
"""Montagabend."""

GERMAN = Language(
    code="de",
    name="german",
    function_words="""
    vor nach diese diesen dieses dieser
    der die das den dem des ein eine einen einem einer und oder aber zu in im an am auf mit von vom
    bei für über was wann wer wen wem wo woher welche welcher welches warum wie hat habe haben hatte
    hatten ist war waren sind ich du er sie es wir ihr mein meine dein deine sein uns euch mich dich
    mir dir ihm dass nicht kann sagte sagten gesagt hier noch schon auch
    """,
    articles="der|die|das|des|dem|den|monat|monats|jahr|jahres|,|im|gegen",
    numbers={
        "ein eine einen einem einer": 1,
        "zwei": 2,
        "drei": 3,
        "vier": 4,
        "fünf fuenf": 5,
        "sechs": 6,
        "sieben": 7,
        "acht": 8,
        "neun": 9,
        "zehn": 10,
        "elf": 11,
        "zwölf zwoelf": 12,
        "dreizehn": 13,
        "vierzehn": 14,
        "fünfzehn fuenfzehn": 15,
        "sechzehn": 16,
        "siebzehn": 17,
        "achtzehn": 18,
        "neunzehn": 19,
        "zwanzig": 20,
        "dreißig dreissig": 30,
        "vierzig": 40,
        "fünfzig fuenfzig": 50,
        "sechzig": 60,
        "siebzig": 70,
        "achtzig": 80,
        "neunzig": 90,
        "hundert": 100,
        "paar einigen einige mehreren mehrere wenigen": FEW,
    },
    tens="{ones}und{tens}",
    units={
        "minute minuten": "minute",
        "stunde stunden": "hour",
        "tag tage tagen tages": "day",
        "woche wochen": "week",
        "wochenende wochenenden wochenendes": "weekend",
        "monat monate monaten monats": "month",
        "quartal quartale quartals": "quarter",
        "jahr jahre jahren jahres": "year",
    },
    seasons={
        "frühling frühjahr frühlings": "spring",
        "sommer sommers": "summer",
        "herbst herbstes": "autumn",
        "winter winters": "winter",
    },
    months={
        "jänner januars": 1,
        "feber februars": 2,
        "maerz märzes": 3,
        "aprils": 4,
        "junis": 6,
        "julis": 7,
        "augusts": 8,
        "septembers": 9,
        "oktobers": 10,
        "novembers": 11,
        "dezembers": 12,
    },
    weekdays={"sonnabend": 5},
    ordinals={
        "erste ersten erstes 1.": 1,
        "zweite zweiten zweites 2.": 2,
        "dritte dritten drittes 3.": 3,
        "vierte vierten viertes 4.": 4,
    },
    days={
        "heute(?: (?:morgen|früh|vormittag|mittag|nachmittag|abend))?(?! vor)": 0,
        "gestern(?: (?:morgen|früh|vormittag|mittag|nachmittag|abend))?": 1,
        "vorgestern(?: (?:morgen|früh|vormittag|mittag|nachmittag|abend))?": 2,
        "vorvorgestern": 3,
    },
    holidays={
        "heiligabend|heiligen abend": ((12, 24), 1),
        "weihnachten": ((12, 24), 3),
        "silvester|sylvester": ((12, 31), 1),
        "neujahr": ((1, 1), 1),
    },
    day_parts={
        "(?:am |in der )?(?:morgen|früh|vormittag)|morgens|vormittags": (4, 12),
        "(?:am )?mittag|mittags": (11, 14),
        "(?:am )?nachmittag|nachmittags": (12, 18),
        "(?:am )?abend|abends": (17, 24),
        "(?:in der )?nacht|nachts": (18, 6),
    },
    nights="(?:letzte|vergangene|gestern|heute) nacht",
    templates={
        "ago": (
            r"(?:heute )?vor (?:etwa |ungefähr |rund |circa |ca\. |genau |gut |knapp )?(?:ein )?"
            r"{count} {unit}",
        ),
        "half ago": (r"vor (?:etwa |ungefähr |gut |knapp )?eine[mr] halben {unit}",),
        "and a half ago": (
            r"vor (?:anderthalb|eineinhalb) {unit}",
            r"vor (?P<count>zwei|drei|vier)einhalb {unit}",
        ),
        "rolling": (
            r"(?:letzten|vergangenen|zurückliegenden) (?:ein )?{count} {unit}",
            r"(?:in|während) den (?:letzten|vergangenen)(?P<few>) {unit}",
        ),
        "before last": (r"vorletzte[nrsm]? {span}",),
        "last": (r"(?:letzte|vergangene|vorige)[nrsm]? {span}",),
        "this": (r"diese[nrsm]? {span}", r"(?:im|in der) laufenden {span}"),
        "weekend": (r"(?:am|übers|über das|dieses|dem) wochenende",),
        "date": (r"{day}\s*{month}",),
        "dates": (r"{first}\s*(?:bis|und|[-–—])\s*(?:zum |dem |den )?{day}\s*{month}",),
        "quarter": (r"{nth} quartal[s]?",),
        "monthday": (r"(?:(?:dem|den|der) )?(?<![\w.,])(?P<day>[0-3]?\d)\.(?!\d)",),
        "bare unit": (r"{unit}",),
        "calendar week": (r"(?:kw|kalenderwoche) ?{number}", r"{number}\. (?:kw|kalenderwoche)"),
        "latest": (r"(?<=am\s){weekday}(?=morgen|vormittag|mittag|nachmittag|abend)\w+",),
    },
    marks={
        "week of": r"(?:der |die )?woche (?:vom|um den|des|mit dem)",
        "first week": r"(?:der |die )?(?:ersten?|1\.) woche(?: des| im| vom)?",
        "second week": r"(?:der |die )?(?:zweiten?|2\.) woche(?: des| im| vom)?",
        "third week": r"(?:der |die )?(?:dritten?|3\.) woche(?: des| im| vom)?",
        "fourth week": r"(?:der |die )?(?:vierten?|4\.) woche(?: des| im| vom)?",
        "last week": r"(?:der |die )?letzten? woche (?:des|im|vom)",
        "first half": r"(?:der |die )?(?:ersten?|1\.) (?:hälfte|halbjahr)(?: des| der| von| vom)?",
        "second half": r"(?:der |die )?(?:zweiten?|2\.) (?:hälfte|halbjahr)"
        r"(?: des| der| von| vom)?",
        "around": "um den|um|rund um",
        "before": "vor|bevor|früher als",
        "since": "seit|ab",
        "until": "bis(?: zum| zur| einschließlich)?",
        "after": "nach",
        "from": "von|vom|für|über|mit",
        "between": "zwischen",
        "and": "und|oder",
        "to": "[-–—]",
        "in": "am|im|in|an|während|übers?",
        "early": "(?:am |zu |zum )?(?:anfang|beginn)",
        "mid": "(?:in der )?mitte",
        "late": "(?:am |gegen )?ende",
    },
    triggers="kw kalenderwoche " + _COMPOUNDS,
    blocked_by=r"(?:nächste|kommende|übernächste|jede)[nrsm]?|pro|alle",
    ambiguous="mai",
    day_suffix=r"\.",
    no_monthday_before="""
    stock etage tag mal versuch platz klasse runde kapitel seite spieltag geburtstag person reihe
    """,
)
