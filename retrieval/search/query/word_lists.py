"""Lists of words that tell what kind of query it is."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SMALL_TALK_WORDS = _words("""
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
""")
"""An utterance of these alone is small talk."""

PRAISE_WORDS = _words("""
amazing awesome brilliant cool excellent fantastic good great lovely nice perfect super sweet
wonderful
""")
"""Small talk alone, content elsewhere."""

THINGS_IN_SMALL_TALK = _words("""
day days evening fun guys help hope life love luck man minute moment morning night pleasure problem
week weekend worries
""")
"""Of the SMALL_TALK_WORDS: alone, they are keywords."""

STOP_WORDS = _words("""
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
""")
"""English words without content."""

ASKING_WORDS = _words("""
wann warum wieso weshalb wer wen wem wo woher wohin welche welcher welches wie wieviel
quand pourquoi qui où combien comment lequel laquelle
cuándo cuando dónde donde quién quien cuánto cuanto cuál cual cómo
quando quem onde quanto perché dove chi quale
wanneer waarom waar wie hoeveel när varför vem
когда почему кто где куда откуда сколько какой
なぜ いつ どこ 誰 どれ 为什么 什么时候 哪里 谁 多少钱 哪个 언제 왜 어디 누구
متى لماذا أين من كم
""")
"""How other languages ask when, why, who, where and how much; not all are their stop words."""

WORDS_OR_NAMES = _words("""
a all an and any anyone are art as at bill bot but can do does everybody for frank gene grace guest
had has have he hello help her here hi him his hope how i if in is it its jack joy just linux mark
may me my nick no nobody not of on one or our out pat ray rich rob rose she so some someone sue
thanks that the them there they this to up us user admin was we were what when where which who why
will you your
""")
"""English words that are also names: as a name they need a capital letter."""
