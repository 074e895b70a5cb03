"""Numbers, codes, names and single characters inside text that is written without spaces."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from benchmarks.writing.names import scripts
from benchmarks.writing.names.digits import codes, numbers
from benchmarks.writing.names.latin import names
from benchmarks.writing.trial import Alike, Draw, SubKind


@dataclass(frozen=True)
class Script:
    """`thing` is a sentence about a number or code, `person` about a name, `word` about one word."""

    thing: tuple[str, str]
    other_thing: tuple[str, str]
    person: tuple[str, str]
    word: tuple[str, str]
    words: tuple[str, ...]
    people: Callable[[Random, int], tuple[str, ...]]


LANGUAGES = {
    "chinese": Script(
        ("快递单号{x}已经放在三楼了。", "单号{x}放在哪里？"),
        ("昨天下午{x}号机器又坏了。", "{x}什么时候坏的？"),
        ("昨天{x}来办公室拿了合同。", "{x}拿了什么？"),
        ("我弟弟特别喜欢{x}这个东西。", "谁喜欢{x}？"),
        tuple("茶酒鱼米糖盐书刀灯花猫狗马羊雪雨琴棋画鼓纸船车伞帽"),
        scripts.han,
    ),
    "japanese": Script(
        ("荷物番号{x}は三階に置きました。", "{x}はどこにありますか？"),
        ("昨日の午後に{x}が故障しました。", "{x}はいつ故障しましたか？"),
        ("昨日{x}さんが契約書を取りに来ました。", "{x}さんは何を取りに来ましたか？"),
        ("弟は{x}がとても好きです。", "誰が{x}を好きですか？"),
        tuple("茶酒魚米糖塩本刀花猫犬馬羊雪雨琴絵紙船車傘星月海山"),
        scripts.japanese,
    ),
    "katakana": Script(
        ("商品コード{x}を倉庫に入れました。", "商品コード{x}はどこですか？"),
        ("会議室{x}のエアコンが壊れています。", "会議室{x}は何が壊れていますか？"),
        ("昨日{x}さんから電話がありました。", "{x}さんからいつ電話がありましたか？"),
        ("母は{x}を毎日使います。", "母はいつ{x}を使いますか？"),
        tuple("鍋皿箸鏡机椅鍵筆紙傘袋瓶缶箱布糸針櫛靴帽服帯輪弓矢"),
        scripts.katakana,
    ),
    "korean": Script(
        ("주문번호{x}번은삼층에있습니다.", "주문번호 {x}번은 어디에 있습니까?"),
        ("어제오후에{x}가고장났습니다.", "{x}는 언제 고장났습니까?"),
        ("어제 {x}씨가 계약서를 가져갔습니다.", "{x}씨는 무엇을 가져갔습니까?"),
        ("동생은 {x}을 아주 좋아합니다.", "누가 {x}을 좋아합니까?"),
        tuple("차술책칼꽃개말양눈비배북종옷떡밥콩감귤밤물불달별돌"),
        scripts.hangul,
    ),
    "thai": Script(
        ("พัสดุหมายเลข{x}อยู่ที่ชั้นสาม", "พัสดุ{x}อยู่ที่ไหน"),
        ("เมื่อวานเครื่อง{x}เสียอีกแล้ว", "เครื่อง{x}เสียเมื่อไหร่"),
        ("เมื่อวานคุณ{x}มารับเอกสารที่สำนักงาน", "คุณ{x}มารับอะไร"),
        ("น้องชายชอบ{x}มาก", "ใครชอบ{x}"),
        tuple(
            "ชา ปลา ข้าว เกลือ มีด ไฟ ดอกไม้ แมว หมา ม้า แกะ หิมะ ฝน กลอง เรือ รถ ร่ม หมวก ดาว พระจันทร์ ทะเล ภูเขา ไข่ นม น้ำตาล".split()
        ),
        scripts.thai,
    ),
}


def unspaced(draw: Draw) -> list[SubKind]:
    return [sub for name, script in LANGUAGES.items() for sub in _script(draw, name, script)]


def _script(draw: Draw, name: str, script: Script) -> Iterator[SubKind]:
    def random(what: str) -> Random:
        return draw.random("unspaced", name, what)

    values = {
        "number": (numbers(random("number"), draw.rows, 5), script.thing),
        "short number": (numbers(random("short"), draw.rows, 4), script.other_thing),
        "code": (codes(random("code"), draw.rows), script.thing),
        "latin name": (names(random("latin"), draw.rows), script.other_thing),
        "name": (script.people(random("name"), draw.rows), script.person),
        "one word": (tuple(random("word").sample(script.words, min(draw.rows, 25))), script.word),
    }
    for what, (given, (said, asked)) in values.items():
        alike = Alike(given, said, asked)
        controls = alike.rows(said=_apart, asked=_apart)
        yield SubKind(f"{name}: {what} inside", alike.rows(), controls)
        alone = Alike(given, said, "{x}")
        yield SubKind(f"{name}: {what} inside, asked alone", alone.rows(), alone.rows(said=_apart))


def _apart(value: str) -> str:
    return f" {value} "
