"""What may stand beside a courtesy, in many languages; bars separate phrases."""

from typing import Final

FILLERS: Final = """
    there | all | everyone | everybody | guys | folks | team | mate | buddy | friend | friends
    | dude | man | sir | madam | dear | so | very | much | too | a lot | lots | again | then | now
    | for | the | your | help | that | it | this | to | you | and | of | a | everything | kindly
    | really | just | oh | ah | well | u | soon | tomorrow | later | tonight | today | around | is
    | was | i'm | im | am | i | at | one | day | evening | weekend | week | from | me | quick
    | answer | reply | info | in | advance | indeed | for that | have | my | no | si | und | auch
    | dir | ihnen | euch | alle | allen | zusammen | für | die | der | das | hilfe | noch | sehr
    | mir | ich | schon | ganz | echt | dann | von | wünsche | einen | eine | ein | lieber | liebe
    | es | mit | wieder | beaucoup | pour | ton | votre | aide | à | tous | toutes | tout | le
    | la | monde | et | toi | vous | c'est | bien | très | mon | ma | ami | encore | une | un | je
    | te | vous souhaite | passe | passez | todos | todas | todo | por | tu | su | ayuda | y | muy
    | amigo | amiga | que | tengas | tenga | una | buen | día | lindo | de | tutti | tutto | per
    | il | tuo | suo | aiuto | e | anche | lei | molto | amico | amica | pessoal | gente | tudo
    | pela | pelo | sua | ajuda | muito | para | você | tenha | allemaal | voor | hulp | ook
    | heel | een | alla | allihopa | för | hjälpen | så | hjelpen | hjælpen | bardzo | za | pomoc
    | wszystkim | wam | panu | pani | za pomoc | za všechno | всем | за | помощь | и | вам | тебе
    | очень | большое | всё | все | друзья | ребята | вас | тебя | çok | için | yardım | ve | size
    | sana | herkese | yardımınız | her şey | da | جدا | لك | لكم | و | على | المساعدة | يا
    | جميعا | أخي | صديقي | आप | आपका | बहुत | जी | को | है | दोस्त | भाई | के लिए | मदद के लिए
    | सभी को | सबको | banyak | semua | semuanya | atas | bantuannya | bạn | nhiều | lắm | nhé | ạ
    | các bạn | mọi người | כולם | לך | לכם | מאוד | על | העזרה | vielen | lieben | herzlichen
    | besten | tausend | muchas | muchos | mil | tengan | mille | tante | molte | mes | amis
    | grand | super | bonne | chers | querido | cari | caro | kochani | drodzy | дорогие | друг
    | дружище
"""
