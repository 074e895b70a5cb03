"""Courtesies of Western and Northern Europe, by language; bars separate phrases."""

from typing import Final

WESTERN_EUROPE: Final = {
    "english": """
        hi | hey | hello | hiya | howdy | yo | greetings | morning | good morning | good afternoon
        | good evening | good night | goodnight | good day | nite | gm | gn | bye | bye bye
        | goodbye | cya | see you | see ya | see u | ttyl | talk to you later | take care
        | farewell | cheers | cheerio | so long | thanks | thank you | thank u | thanx | thx | tnx
        | ty | tysm | tyvm | many thanks | much appreciated | appreciate it | appreciated
        | no worries | np | yw | you're welcome | welcome | youre welcome | my pleasure
        | no problem | no prob | ok | okay | okey | oki | k | kk | yes | yeah | yep | yup | yea
        | ya | aye | nope | nah | sure | sure thing | alright | all right | right | got it
        | gotcha | understood | roger | noted | will do | sounds good | sounds great | makes sense
        | i see | fair enough | cool | nice | great | awesome | perfect | excellent | wonderful
        | lovely | brilliant | fantastic | amazing | super | sweet | good | fine | well done
        | good job | great job | nice one | bravo | sorry | my bad | apologies | pardon
        | excuse me | oops | please | pls | congrats | congratulations | grats | happy birthday
        | happy new year | merry christmas | happy holidays | happy easter | happy anniversary
        | all the best | best wishes | best regards | kind regards | regards | get well soon
        | good luck | safe travels | have a nice day | have a good one | enjoy | bless you
        | sleep well | sweet dreams | lol | lmao | rofl | haha | hehe | hm | wow | omg
        | how are you | not bad | not too bad | and you | fine and you | how r u | how are things
        | how is it going | hows it going | whats up | what's up | wassup | sup | nice to meet you
        | pleased to meet you | brb | afk
        """,
    "german": """
        hallo | hallihallo | hi | moin | moin moin | servus | gruss gott | grüß gott | grüezi
        | grüß dich | guten morgen | guten tag | guten abend | gute nacht | guten appetit
        | mahlzeit | schlaf gut | schlaft gut | danke | dank | dankeschön | danke schön
        | vielen dank | besten dank | tausend dank | herzlichen dank | lieben dank | merci | bitte
        | bitteschön | bitte schön | bitte sehr | gern geschehen | gerne | gern | kein problem
        | keine ursache | nichts zu danken | macht nichts | passt | passt schon | alles klar
        | alles gut | geht klar | in ordnung | ok | okay | ja | jo | jawohl | jep | nein | nee
        | nö | genau | stimmt | klar | richtig | verstanden | super | toll | klasse | spitze
        | perfekt | wunderbar | sehr gut | cool | schön | freut mich | tschüss | tschüs | tschau
        | ciao | auf wiedersehen | wiedersehen | auf wiederhören | bis bald | bis dann
        | bis später | bis morgen | bis gleich | bis nachher | bis montag | mach's gut | machs gut
        | pass auf dich auf | schönen tag | schönen abend | schönes wochenende
        | schönen feierabend | schöne feiertage | frohe weihnachten | frohes neues jahr
        | guten rutsch | frohe ostern | alles gute | alles liebe | viel glück | viel erfolg
        | viel spaß | gute besserung | gute reise | herzlichen glückwunsch | glückwunsch
        | gratuliere | zum geburtstag | liebe grüße | viele grüße | mit freundlichen grüßen
        | entschuldigung | tut mir leid | sorry | verzeihung | wie geht's | wie gehts
        | wie geht es | wie geht es dir | wie geht es ihnen | wie läuft's | was geht | gut und dir
        | gesundheit | prost | willkommen | herzlich willkommen
        """,
    "french": """
        bonjour | salut | coucou | bonsoir | bonne nuit | bonne journée | bonne soirée
        | bon après-midi | bonne après-midi | bon matin | allô | rebonjour | merci
        | merci beaucoup | mille mercis | merci bien | un grand merci | de rien | je vous en prie
        | je t'en prie | avec plaisir | pas de problème | pas de souci | pas de soucis
        | aucun problème | ça marche | ça roule | d'accord | dac | ok | oui | ouais | non
        | bien sûr | entendu | compris | parfait | super | génial | excellent | très bien | bien
        | formidable | bravo | nickel | cool | au revoir | à bientôt | à plus | à plus tard
        | à tout à l'heure | à demain | à la prochaine | à lundi | adieu | ciao | bon week-end
        | bonne semaine | bonnes vacances | bon voyage | bonne chance | bon courage | bon appétit
        | bonne année | joyeux noël | joyeuses fêtes | joyeux anniversaire | bon anniversaire
        | félicitations | meilleurs voeux | meilleurs vœux | cordialement | bien à vous | bises
        | bisous | gros bisous | pardon | désolé | désolée | excusez-moi | excuse-moi
        | s'il vous plaît | s'il te plaît | svp | stp | ça va | ça va bien | comment ça va
        | comment vas-tu | comment allez-vous | quoi de neuf | et toi | et vous | enchanté
        | enchantée | bienvenue | mdr | à vos souhaits | santé | prends soin de toi
        """,
    "spanish": """
        hola | buenas | buenos días | buen día | buenas tardes | buenas noches | qué tal | qué hay
        | qué onda | qué pasa | cómo estás | cómo está | cómo están | cómo te va | cómo va
        | todo bien | gracias | muchas gracias | mil gracias | muchísimas gracias | de nada
        | no hay de qué | un placer | con gusto | con mucho gusto | no hay problema | no pasa nada
        | ningún problema | no te preocupes | vale | ok | sí | claro | claro que sí | por supuesto
        | de acuerdo | entendido | exacto | está bien | muy bien | bien | genial | perfecto
        | excelente | estupendo | fantástico | maravilloso | qué bien | qué bueno | listo | adiós
        | chao | chau | hasta luego | hasta pronto | hasta mañana | hasta la vista
        | hasta el lunes | nos vemos | nos vemos mañana | cuídate | buen fin de semana
        | feliz fin de semana | buen viaje | buena suerte | suerte | buen provecho | felicidades
        | felicitaciones | enhorabuena | feliz cumpleaños | feliz navidad | feliz año
        | feliz año nuevo | felices fiestas | que te mejores | saludos | un saludo | un abrazo
        | abrazos | un beso | besos | perdón | perdona | disculpa | disculpe | lo siento
        | por favor | mucho gusto | encantado | encantada | bienvenido | bienvenida | bienvenidos
        | y tú | y usted | jaja | salud | dulces sueños
        """,
    "italian": """
        ciao | salve | buongiorno | buon giorno | buonasera | buona sera | buon pomeriggio
        | buonanotte | buona notte | buona giornata | buona serata | grazie | grazie mille
        | mille grazie | tante grazie | molte grazie | grazie tante | prego | di niente | di nulla
        | figurati | si figuri | non c'è di che | nessun problema | non c'è problema
        | non preoccuparti | va bene | ok | okay | sì | certo | d'accordo | capito | esatto
        | perfetto | ottimo | benissimo | bene | molto bene | fantastico | bravo | brava
        | bravissimo | arrivederci | arrivederla | addio | a presto | a dopo | a domani
        | a più tardi | a lunedì | ci vediamo | ci vediamo domani | ci sentiamo | alla prossima
        | buon fine settimana | buon weekend | buon viaggio | buona fortuna | in bocca al lupo
        | buon appetito | buon compleanno | buon natale | buone feste | buon anno | auguri
        | tanti auguri | congratulazioni | complimenti | cordiali saluti | saluti | un abbraccio
        | baci | un bacio | scusa | scusi | mi dispiace | mi scusi | per favore | per piacere
        | come stai | come sta | come va | tutto bene | piacere | molto piacere
        | piacere di conoscerti | benvenuto | benvenuta | e tu | salute | stammi bene
        """,
    "portuguese": """
        olá | oi | alô | bom dia | boa tarde | boa noite | tudo bem | tudo bom | como vai
        | como está | como estás | como você está | e aí | beleza | obrigado | obrigada
        | muito obrigado | muito obrigada | valeu | agradecido | agradecida | de nada | por nada
        | imagina | disponha | sem problema | sem problemas | não tem problema | não faz mal
        | está bem | tá bom | tá | ok | sim | não | claro | com certeza | certo | entendi
        | entendido | combinado | perfeito | ótimo | excelente | muito bem | muito bom | que bom
        | maravilha | adeus | tchau | até logo | até amanhã | até mais | até já | até breve
        | até segunda | bom fim de semana | boa semana | boa viagem | boa sorte | bom apetite
        | parabéns | feliz aniversário | feliz natal | feliz ano novo | boas festas | melhoras
        | um abraço | abraços | abraço | beijos | um beijo | beijinhos | saudações | desculpa
        | desculpe | perdão | lamento | por favor | faz favor | prazer | muito prazer | bem-vindo
        | bem-vinda | e você | e tu | kkk | saúde | durma bem
        """,
    "dutch": """
        hallo | hoi | hey | doei | doeg | goedemorgen | goedemiddag | goedenavond | goedendag
        | goedenacht | welterusten | slaap lekker | dank je | dank je wel | dankjewel | dank u
        | dank u wel | dankuwel | bedankt | hartelijk dank | heel erg bedankt | veel dank
        | alstublieft | alsjeblieft | graag gedaan | geen dank | geen probleem | geeft niet | oké
        | ok | ja | nee | mooi | perfect | geweldig | super | leuk | begrepen | duidelijk
        | is goed | klopt | tot ziens | tot straks | tot morgen | tot later | tot snel | tot dan
        | fijne dag | fijne avond | fijn weekend | prettig weekend | prettige dag | eet smakelijk
        | veel succes | beterschap | gefeliciteerd | van harte gefeliciteerd
        | hartelijk gefeliciteerd | fijne verjaardag | gelukkig nieuwjaar | prettige feestdagen
        | groetjes | groeten | met vriendelijke groet | sorry | pardon | het spijt me
        | hoe gaat het | hoe gaat het met je | alles goed | aangenaam | welkom | goede reis
        """,
    "swedish": """
        hej | hejsan | hallå | tjena | tjenare | god morgon | godmorgon | god dag | god kväll
        | god natt | godnatt | tack | tack så mycket | tusen tack | tackar | varsågod | var så god
        | inga problem | ingen fara | ingen orsak | okej | ok | ja | jo | nej | japp | precis
        | jättebra | toppen | perfekt | härligt | kanon | fint | förstått | hej då | hejdå
        | vi ses | vi hörs | ses imorgon | på återseende | trevlig helg | ha en bra dag
        | ha det bra | ha en trevlig kväll | sov gott | lycka till | grattis
        | grattis på födelsedagen | god jul | gott nytt år | krya på dig | ursäkta | förlåt
        | hur mår du | hur är det | läget | trevligt att träffas | välkommen | hälsningar
        | med vänliga hälsningar | kram
        """,
    "norwegian and danish": """
        hei | heisann | hej | hallo | god morgen | godmorgen | god dag | goddag | god kveld
        | god aften | godaften | god natt | godnat | takk | tusen takk | mange takk
        | takk skal du ha | tak | tusind tak | mange tak | tak skal du have | selv takk | selv tak
        | vær så god | værsgo | bare hyggelig | ingen problem | ikke noe problem | ingen årsag
        | det er i orden | det er fint | ok | okay | ja | nei | nej | jepp | akkurat | flott
        | kjempebra | fint | perfekt | godt | super | ha det | ha det bra | farvel | hej hej
        | vi ses | vi sees | vi snakkes | på gensyn | god helg | god weekend | ha en fin dag
        | hav en god dag | sov godt | lykke til | held og lykke | gratulerer
        | gratulerer med dagen | tillykke | tillykke med fødselsdagen | god jul | glædelig jul
        | godt nytt år | godt nytår | god bedring | god bedre | unnskyld | undskyld | beklager
        | hvordan har du det | hvordan går det | hyggelig å møte deg | velkommen | velkommen til
        | hilsen | med vennlig hilsen | klem
        """,
}
