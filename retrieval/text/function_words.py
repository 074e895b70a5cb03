"""Words that carry grammar and no content, by language; they also tell a text's language.

Languages by their PostgreSQL names. Those missing here keep all their words: frequent words weigh
little anyway.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

CLEARLY_MORE: Final = 2


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FUNCTION_WORDS: Final[Mapping[str, frozenset[str]]] = MappingProxyType({
    "english": _words("""
        a about above after again against ain all am an and any are aren as at be because been
        before being below between both but by can couldn d did didn do does doesn doing don down
        during each few for from further had hadn has hasn have haven having he her here hers
        herself him himself his how i if in into is isn it its itself just ll m ma me mightn more
        most mustn my myself needn no nor not now o of off on once only or other our ours
        ourselves out over own re s same shan she should shouldn so some such t than that the
        their theirs them themselves then there these they this those through to too under until
        up ve very was wasn we were weren what when where which while who whom why will with won
        wouldn y you your yours yourself yourselves
        """),
    "german": _words("""
        aber als am an auch auf aus bei beim bin bis bist da damit dann das dass dein deine deinem
        deinen deiner dem den denn der des dich die dies diese diesem diesen dieser dieses dir doch
        du durch ein eine einem einen einer eines er es euch euer eure für gegen habe haben hat
        hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in ins ist ja
        jede jedem jeden jeder jedes kann kein keine keinem keinen keiner man mein meine meinem
        meinen meiner mich mir mit nach nicht noch nun nur ob oder ohne sehr sein seine seinem
        seinen seiner sich sie sind so solche soll sondern über um und uns unser unsere unter vom
        von vor war waren warst was weil welche welcher welches wenn wer werde werden wie wieder
        will wir wird wirst wo wollen wurde wurden während zu zum zur zwar zwischen
        """),
    "french": _words("""
        à ai as au aux avec c ce ces cet cette d dans de des du elle elles en es est et été être
        eu il ils j je l la le les leur leurs lui m ma mais me mes moi mon n ne nos notre nous on
        ont ou où par pas pour qu que qui s sa se ses son sont sur t ta te tes toi ton tu un une
        vos votre vous y étais était étaient avait avaient avez avons avoir aussi cela ça sans
        sous quand comme plus très
        """),
    "spanish": _words("""
        a al algo ante antes como con contra cual cuando de del desde donde durante e el él ella
        ellas ellos en entre era eran es esa esas ese eso esos esta está están estas este esto
        estos fue fueron ha había han hasta hay la las le les lo los me mi mí mis mucho muy más
        nada ni no nos nosotros o os otra otro para pero poco por porque que qué quien se sea ser
        si sí sin sobre son soy su sus también tanto te tengo ti tiene todo tu tú tus un una unas
        uno unos y ya yo
        """),
    "italian": _words("""
        a ad agli ai al alla alle allo anche che chi ci col come con contro cui da dagli dai dal
        dalla dalle degli dei del della delle dello di dove e è ed era erano gli ha hai hanno ho i
        il in io l la le lei li lo loro lui ma mi mia mie miei mio ne negli nei nel nella nelle noi
        non nostra nostro o per perché più quale quanto quella quello questa queste questi questo
        se sei si sia siamo sono su sua sue sugli sui sul sulla suo tra tu tua tuo un una uno vi
        voi
        """),
    "portuguese": _words("""
        a ao aos as às com como da das de dela dele deles do dos e é ela elas ele eles em entre era
        essa esse esta está este eu foi foram há isso isto já lhe mais mas me mesmo meu meus minha
        minhas muito na não nas nem no nos nós o os ou para pela pelas pelo pelos por qual quando
        que quem são se sem ser seu seus só sua suas também te tem tu tua um uma você vocês
        """),
    "dutch": _words("""
        aan al als bij dan dat de der deze die dit doch door een en er ge haar had heb hebben heeft
        hem het hier hij hoe hun ik in is ja je kan me men met mij mijn naar niet nog nu of om ons
        onder ook op over te tegen toch toen tot u uit uw van veel voor want waren was wat we wel
        werd wezen wie wij wil worden zal ze zei zich zij zijn zo zonder zou
        """),
    "swedish": _words("""
        alla att av blev bli blir de dem den denna deras dess dessa det detta dig din dina ditt du
        där då efter ej eller en er era ert ett från för ha hade han hans har henne hennes hon
        honom hur här i icke ingen inom inte jag ju kan kunde man med mellan men mig min mina mitt
        mot mycket ni nu när någon något några och om oss på samma sedan sig sin sina sitt själv
        skulle som så till under upp ut utan vad var vara varför vars vem vi vid vilka vilken är
        åt över
        """),
    "norwegian": _words("""
        alle at av bare begge ble blei bli både da de deg dei deim deira dem den denne der dere
        deres det dette di din disse ditt du eg ein eit eller en er et etter for fordi fra før ha
        hadde han hans har henne hennes her hos hun hva hvem hver hvilken hvis hvor hvordan hvorfor
        i ikke inn jeg kan kom kunne man med meg mellom men mer min mitt mot mye nå når og også om
        opp oss over på selv si sin skal skulle slik som så til under ut uten var ved vi vil ville
        være vår
        """),
    "danish": _words("""
        ad af alle alt anden at blev bliver da de dem den denne der deres det dette dig din dine
        disse dog du efter eller en end er et for fra ham han hans har havde hende hendes her hos
        hun hvad hvis hvor i ikke ind jeg jer jo kan kunne man mange med meget men mig min mine mit
        mod ned noget nogle nu når og også om op os over på selv sig sin sine sit skal skulle som
        sådan thi til ud under var vi vil ville vor være været
        """),
    "finnish": _words("""
        en ei ette että he hän häntä ja jos joka jotka kanssa kuin kun me mikä minun minulla minä
        mitä missä mukaan mutta myös ne niin nuo nyt olen oli olin olivat on ovat se sen sinä sitä
        tai te tämä tuo tässä vai vain vaikka ja
        """),
    "turkish": _words("""
        acaba ama ancak bana ben benim bir biz bu bunu çok da daha de değil diye en gibi hem her
        için ile ise kadar ki kim mı mi mu mü nasıl ne neden nerede o olan olarak onu onun sen
        senin siz şu ve veya var ya yok
        """),
    "russian": _words("""
        а без более бы был была были было быть в вам вас весь во вот все всё всего всех вы где да
        для до его ее её если есть еще ещё же за и из или им их к как какая какой ко когда кто ли
        меня мне мой моя мы на над нас не него нее нет ни них но ну о об он она они от по под при
        с свою себе себя сейчас так также такой там тебя то того тоже той только том ты у уже чего
        чем что чтобы эта эти это этого этой этом этот я
        """),
})  # fmt: skip


def language_of(words: Iterable[str], *, default: str) -> str:
    """Of the words, in lower case, by their function words; `default` if no other has two more.

    The small-word technique of Grefenstette, Comparing two language identification schemes (1995).
    """
    theirs = FUNCTION_WORDS.get(default, frozenset())
    known = [word for word in words if word in _LANGUAGES_OF]
    if sum(word not in theirs for word in known) < CLEARLY_MORE:
        return default
    counts = Counter(language for word in known for language in _LANGUAGES_OF[word])
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] >= counts[default] + CLEARLY_MORE else default


def _languages_of() -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for language, known in FUNCTION_WORDS.items():
        for word in known:
            found[word].append(language)
    return dict(found)


_LANGUAGES_OF: Final = _languages_of()
