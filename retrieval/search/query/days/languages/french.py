from retrieval.search.query.days.calendar.counted import FEW
from retrieval.search.query.days.words.language import Language

FRENCH = Language(
    code="fr",
    name="french",
    function_words="""
    avant après ci s
    le la les un une des de du et ou à au aux en dans sur pour avec par que qui quoi quand où
    comment pourquoi quel quelle quels quelles est était sont étaient a ont avait avons avez je tu
    il elle on nous vous ils elles mon ma mes ton ta son sa ses notre votre leur ce cette ces cet
    ne pas dit j l d c qu s n m t moi toi lui y été
    """,
    articles="le|la|les|l['’]|du|de la|de l['’]|des|mois de|mois d['’]|,|année|d['’]",
    numbers={
        "un une": 1,
        "deux": 2,
        "trois": 3,
        "quatre": 4,
        "cinq": 5,
        "six": 6,
        "sept": 7,
        "huit": 8,
        "neuf": 9,
        "dix": 10,
        "onze": 11,
        "douze": 12,
        "treize": 13,
        "quatorze": 14,
        "quinze": 15,
        "seize": 16,
        "dix-sept": 17,
        "dix-huit": 18,
        "dix-neuf": 19,
        "vingt": 20,
        "trente": 30,
        "quarante": 40,
        "cinquante": 50,
        "soixante": 60,
        "cent": 100,
        "dizaine": 10,
        "douzaine": 12,
        "quinzaine": 15,
        "vingtaine": 20,
        "quelques plusieurs": FEW,
    },
    tens="{tens}-{ones}|{tens} et {ones}|{tens}-et-{ones}|{tens} {ones}",
    units={
        "minute minutes": "minute",
        "heure heures": "hour",
        "jour jours": "day",
        "semaine semaines": "week",
        "week-end week-ends weekend weekends week_end": "weekend",
        "mois": "month",
        "trimestre trimestres": "quarter",
        "an ans année années": "year",
    },
    seasons={"printemps": "spring", "été": "summer", "automne": "autumn", "hiver": "winter"},
    ordinals={
        "premier 1er": 1,
        "deuxième second 2e 2ème": 2,
        "troisième 3e 3ème": 3,
        "quatrième 4e 4ème": 4,
    },
    days={
        "aujourd['’]hui|ce (?:matin|midi|soir)|cet après-midi": 0,
        "hier(?: (?:matin|midi|soir|après-midi))?": 1,
        "avant[- ]hier(?: (?:matin|midi|soir))?": 2,
    },
    holidays={
        "(?:à )?noël": ((12, 24), 2),
        "réveillon": ((12, 24), 1),
        "saint-sylvestre": ((12, 31), 1),
        "jour de l['’]an|nouvel an": ((12, 31), 2),
    },
    day_parts={
        "(?:au |dans la )?(?:matin|matinée)": (4, 12),
        "(?:à )?midi": (11, 14),
        "(?:dans l['’]|l['’])?après-midi": (12, 18),
        "(?:au |dans la )?(?:soir|soirée)": (17, 24),
        "(?:dans la )?nuit": (18, 6),
    },
    nights="(?:la nuit dernière|cette nuit|la nuit passée|hier dans la nuit)",
    templates={
        "ago": (
            r"(?:il y a|ça fait|voilà|voici) (?:environ |à peu près |presque )?(?:une )?"
            r"{count}(?: de)? {unit}",
        ),
        "half ago": (r"il y a une demi(?:e)?[- ]{unit}",),
        "and a half ago": (r"il y a {count} {unit} et demie?",),
        "rolling": (
            r"(?:l|c|d)es {count} (?:derniers|dernières) {unit}",
            r"(?:l|c|d)es (?:derniers|dernières|récents|récentes)(?P<few>) {unit}",
        ),
        "before last": (r"(?:l['’])?avant[- ]derni(?:er|ère) {span}",),
        "last": (
            r"(?:la |le |l['’])?{span} (?:dernier|dernière|passé|passée|précédent|précédente)",
        ),
        "this": (r"(?:ce|cet|cette) {span}", r"au {season}"),
        "weekend": (r"(?:ce|le|durant le|pendant le|au cours du) week(?:-| )?end",),
        "date": (r"{day} {month}",),
        "dates": (
            r"{first} (?:au|et|et le|à|jusqu['’]au) {day} {month}",
            r"{first}\s*[-–—]\s*{day} {month}",
        ),
        "quarter": (r"{nth} trimestre", r"t(?P<nth>[1-4])"),
        "monthday": (r"{day}",),
        "bare unit": (r"{unit}",),
        "calendar week": (r"semaine {number}(?! \w)",),
    },
    marks={
        "week of": "(?:la )?semaine (?:du|de)",
        "first week": "(?:la )?première semaine (?:de|du|d['’])",
        "last week": "(?:la )?dernière semaine (?:de|du|d['’])",
        "first half": "(?:la |le )?premi(?:er|ère) (?:moitié|semestre)(?: de| du| d['’])?",
        "second half": "(?:la |le )?(?:deuxième|seconde?) (?:moitié|semestre)(?: de| du| d['’])?",
        "around": "vers(?: le)?|autour du?|aux alentours du?",
        "before": "avant",
        "since": "depuis|à partir d[eu]|dès",
        "until": "jusqu['’](?:au?|en|à)",
        "after": "après",
        "from": "de|du|pour|par|avec",
        "between": "entre",
        "and": "et|ou",
        "to": "au|à|[-–—]",
        "in": "en|le|dans|pendant|durant|au cours d[eu]|lors d[eu]|courant|au mois (?:de|d['’])",
        "early": "(?:au |en |le )?début(?: de| du| d['’])?",
        "mid": "(?:à la |au |la )?(?:mi-?|milieu(?: de| du)?)",
        "late": "(?:à la |en |la )?fin(?: de| du| d['’])?",
    },
    blocked_by="prochain|prochaine|chaque|tous les|toutes les",
    ambiguous="mai mars été",
    day_suffix="(?:er)",
    bare_monthday=True,
    monthday_before="""
    à pour sur avec et ou au qui que qu quoi quand où j je tu on nous vous il elle ils elles est a
    ont avait jusqu dernier
    """,
)
