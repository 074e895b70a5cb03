"""Courtesies of Finland and Eastern Europe, by language; bars separate phrases."""

from typing import Final

EASTERN_EUROPE: Final = {
    "finnish and estonian": """
        moi | moikka | hei | terve | moro | huomenta | hyvää huomenta | hyvää päivää | hyvää iltaa
        | hyvää yötä | kiitos | kiitti | kiitos paljon | paljon kiitoksia | suuri kiitos
        | ole hyvä | eipä kestä | ei kestä | ei hätää | ei se mitään | selvä | okei | joo | kyllä
        | ei | hyvä | hienoa | mahtavaa | loistavaa | täydellistä | näkemiin | hei hei | moi moi
        | nähdään | nähdään huomenna | hyvää viikonloppua | onnea | paljon onnea
        | hyvää syntymäpäivää | hyvää joulua | hyvää uutta vuotta | anteeksi | mitä kuuluu
        | hauska tavata | tervetuloa | terveisin | tere | tervist | tere hommikust | tere õhtust
        | head ööd | aitäh | tänan | suur aitäh | palun | pole tänu väärt | jah | hästi
        | head aega | nägemist | õnne | vabandust
        """,
    "polish": """
        cześć | hej | siema | witam | witaj | dzień dobry | dobry wieczór | dobranoc | dziękuję
        | dziękuję bardzo | bardzo dziękuję | dzięki | dzięki wielkie | wielkie dzięki
        | dziękuję ślicznie | proszę | proszę bardzo | nie ma za co | nie ma sprawy
        | nie ma problemu | żaden problem | nic nie szkodzi | w porządku | dobrze | dobra | ok
        | okej | tak | nie | jasne | oczywiście | rozumiem | zgoda | świetnie | super | doskonale
        | wspaniale | znakomicie | bardzo dobrze | do widzenia | na razie | papa | do zobaczenia
        | do jutra | do usłyszenia | trzymaj się | miłego dnia | miłego wieczoru | miłego weekendu
        | udanego weekendu | powodzenia | smacznego | szczęśliwej podróży | gratulacje | gratuluję
        | wszystkiego najlepszego | sto lat | wesołych świąt | szczęśliwego nowego roku | zdrówka
        | pozdrawiam | pozdrowienia | przepraszam | sorki | jak się masz | co słychać | jak leci
        | miło mi | miło cię poznać | witamy
        """,
    "czech and slovak": """
        ahoj | čau | čauky | nazdar | dobrý den | dobré ráno | dobré odpoledne | dobrý večer
        | dobrou noc | děkuji | děkuju | díky | moc děkuji | mockrát děkuji | děkuji moc
        | díky moc | prosím | není zač | nemáš zač | rádo se stalo | žádný problém | v pořádku
        | to nevadí | dobře | dobrá | ano | jo | ne | jasně | rozumím | skvělé | super | výborně
        | perfektní | nashledanou | na shledanou | sbohem | měj se | mějte se | uvidíme se
        | tak zítra | zatím | hezký den | hezký večer | hezký víkend | pěkný víkend | hodně štěstí
        | dobrou chuť | gratuluji | blahopřeji | všechno nejlepší | veselé vánoce
        | šťastný nový rok | promiň | promiňte | omlouvám se | jak se máš | jak se máte
        | jak se daří | těší mě | vítejte | dobrý deň | dobrú noc | ďakujem | ďakujem pekne
        | vďaka | niet za čo | dovidenia | maj sa | áno | nie | pekný deň | pekný víkend
        | ako sa máš | teší ma | všetko najlepšie | prepáč
        """,
    "hungarian": """
        szia | sziasztok | helló | üdv | jó reggelt | jó napot | jó napot kívánok | jó estét
        | jó éjszakát | köszönöm | köszi | köszönöm szépen | nagyon köszönöm | kösz | szívesen
        | nincs mit | kérem | semmi gond | semmi baj | nem probléma | rendben | oké | igen | nem
        | jó | persze | értem | szuper | remek | nagyszerű | kiváló | tökéletes | viszlát
        | viszontlátásra | szia szia | holnap találkozunk | jó hétvégét | szép napot | jó étvágyat
        | sok szerencsét | gratulálok | boldog születésnapot | boldog karácsonyt | boldog új évet
        | üdvözlettel | bocsánat | elnézést | sajnálom | hogy vagy | mi újság | örülök
        | isten hozott
        """,
    "romanian": """
        bună | salut | bună ziua | bună dimineața | bună seara | noapte bună | mulțumesc | mersi
        | mulțumesc mult | mulțumesc frumos | multumesc | cu plăcere | pentru puțin
        | nicio problemă | nu-i nimic | bine | da | nu | ok | sigur | desigur | înțeleg | perfect
        | excelent | minunat | foarte bine | super | la revedere | pe curând | pe mâine | ne vedem
        | weekend plăcut | o zi bună | o seară bună | poftă bună | noroc | baftă | felicitări
        | la mulți ani | crăciun fericit | un an nou fericit | scuze | îmi pare rău | te rog
        | vă rog | ce mai faci | ce faci | încântat | încântată | bine ai venit | cu stimă
        | salutări
        """,
    "south slavic": """
        zdravo | bok | ćao | dobro jutro | dobar dan | dobro veče | dobra večer | laku noć | hvala
        | hvala lijepa | hvala lepo | hvala puno | puno hvala | mnogo hvala | molim | nema na čemu
        | nema problema | nema veze | u redu | dobro | da | ne | može | naravno | razumijem
        | razumem | super | odlično | savršeno | doviđenja | vidimo se | vidimo se sutra
        | do sutra | ugodan dan | prijatan dan | ugodan vikend | prijatan vikend | sretno | srećno
        | čestitam | čestitke | sretan rođendan | srećan rođendan | sretan božić
        | sretna nova godina | oprosti | izvini | oprostite | žao mi je | kako si | kako ste
        | drago mi je | dobrodošli | pozdrav | živjeli | živio | dober dan | dober večer
        | lahko noč | nasvidenje | prosim | ni za kaj | živjo | здраво | добро јутро | добар дан
        | хвала | хвала лепо | довиђења | видимо се | здравей | здравейте | добро утро | добър ден
        | добър вечер | лека нощ | благодаря | много благодаря | мерси | моля | няма защо
        | няма проблем | добре | да | не | чудесно | довиждане | чао | до утре | приятен ден
        | приятен уикенд | честито | честит рожден ден | извинявай | съжалявам | как си
        | приятно ми е
        """,
    "russian": """
        привет | приветствую | здравствуй | здравствуйте | здрасте | салют | доброе утро
        | с добрым утром | добрый день | добрый вечер | доброй ночи | спокойной ночи
        | сладких снов | спасибо | большое спасибо | спасибо большое | огромное спасибо | спс
        | благодарю | пожалуйста | не за что | на здоровье | рад помочь | нет проблем
        | без проблем | не проблема | ничего страшного | все в порядке | хорошо | ладно | ок
        | окей | да | ага | угу | нет | не | конечно | понятно | понял | поняла | ясно | точно
        | договорились | отлично | супер | прекрасно | замечательно | великолепно | круто
        | здорово | класс | молодец | очень хорошо | пока | пока-пока | до свидания | до встречи
        | до завтра | до скорого | до связи | увидимся | всего доброго | всего хорошего | удачи
        | хороших выходных | хорошего дня | хорошего вечера | приятного аппетита
        | счастливого пути | поздравляю | с днем рождения | с новым годом | с рождеством
        | с праздником | выздоравливай | с уважением | обнимаю | извини | извините | простите
        | прости | сорри | как дела | как ты | как вы | как поживаешь | что нового | очень приятно
        | приятно познакомиться | добро пожаловать | ура | хаха
        """,
    "ukrainian": """
        привіт | вітаю | добрий день | доброго дня | доброго ранку | добрий ранок | добрий вечір
        | добраніч | на добраніч | дякую | дуже дякую | щиро дякую | спасибі | будь ласка | прошу
        | нема за що | немає за що | без проблем | нічого страшного | добре | гаразд | так | ні
        | звичайно | зрозуміло | зрозумів | чудово | відмінно | супер | класно | бувай | па
        | до побачення | до зустрічі | до завтра | побачимось | гарного дня | гарних вихідних
        | удачі | щасти | вітаю з днем народження | з днем народження | з новим роком | вибач
        | вибачте | перепрошую | як справи | як ти | дуже приємно | ласкаво просимо | на все добре
        """,
    "greek": """
        γεια | γεια σου | γεια σας | χαίρετε | καλημέρα | καλησπέρα | καληνύχτα | καλό απόγευμα
        | ευχαριστώ | ευχαριστώ πολύ | σε ευχαριστώ | σας ευχαριστώ | χίλια ευχαριστώ | παρακαλώ
        | τίποτα | κανένα πρόβλημα | δεν πειράζει | εντάξει | οκ | ναι | όχι | βέβαια | κατάλαβα
        | ωραία | τέλεια | μπράβο | υπέροχα | πολύ καλά | αντίο | τα λέμε | εις το επανιδείν
        | καλή συνέχεια | καλό σαββατοκύριακο | καλή μέρα | καλό βράδυ | καλή τύχη | καλή όρεξη
        | συγχαρητήρια | χρόνια πολλά | καλά χριστούγεννα | καλή χρονιά | συγγνώμη | λυπάμαι
        | τι κάνεις | τι κάνετε | πώς είσαι | χάρηκα | καλώς ήρθες | καλώς ήρθατε | φιλιά
        | χαιρετισμούς | περαστικά
        """,
}
