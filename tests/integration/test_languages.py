"""The lexical arm in any language and script, and on codes and addresses."""

import asyncpg
import pytest

from retrieval.search import search_conversation
from retrieval.store.conversations import create_room
from retrieval.store.messages import append_messages
from retrieval.wire import ConversationId, SearchRequest
from tests.support.builders import message

NOISE = ["The weather is fine.", "Wir sehen uns morgen.", "今日はいい天気ですね。", "صباح الخير"]


async def _room(db: asyncpg.Pool, language: str, *texts: str, name: str = "den") -> ConversationId:
    """A room where the texts are m1, m2 …, and others say something else."""
    room, _ = await create_room(db, name=name, language=language)
    said = [message(n, text) for n, text in enumerate([*texts, *NOISE], start=1)]
    await append_messages(db, conversation_id=room, messages=said)
    return room


async def _found(db: asyncpg.Pool, room: ConversationId, query: str) -> list[str]:
    found = await search_conversation(
        db, None, conversation_id=room, request=SearchRequest(query=query)
    )
    return [hit.message.id for hit in found.hits]


@pytest.mark.parametrize(
    ("language", "text", "query"),
    [
        ("german", "Die Rechnungen wurden gestern bezahlt.", "Wer hat die Rechnung bezahlt?"),
        ("german", "Der Schlüssel hängt hinter dem Kühlschrank.", "Wo sind die Schlüssel?"),
        ("french", "Les factures ont été payées.", "Qui a payé la facture ?"),
        ("spanish", "Las facturas están pagadas.", "¿Dónde está la factura?"),
        ("russian", "Я потерял ключи от подвала.", "Где ключ?"),
        ("arabic", "دفعت الفواتير أمس في البنك", "أين الفواتير"),
        ("english", "دفعت الفواتير أمس في البنك", "أين الفواتير"),
        ("simple", "注文番号は四八二一三です。", "注文番号は何番でしたか"),
        ("english", "注文番号は四八二一三です。", "私の注文番号"),
        ("simple", "佐々木さんが鍵を持っています。", "佐々木"),
        ("simple", "我的订单号是四八二一三。", "订单号是多少"),
        ("simple", "ปั๊มน้ำในห้องใต้ดินหยุดทำงาน", "ปั๊มน้ำ"),
        ("simple", "지하실 펌프가 멈췄습니다", "펌프"),
    ],
)
async def test_words_are_found_in_their_language(
    db: asyncpg.Pool, language: str, text: str, query: str
) -> None:
    room = await _room(db, language, text)
    assert (await _found(db, room, query))[:1] == ["m1"]


async def test_a_form_of_a_word_is_found_in_the_language_of_the_room_and_of_the_text(
    db: asyncpg.Pool,
) -> None:
    said = "Die Rechnungen liegen im Büro, aber nicht in der Küche."
    room = await _room(db, "german", said)
    assert (await _found(db, room, "Rechnung"))[:1] == ["m1"]
    other = await _room(db, "english", said, name="other")
    assert (await _found(db, other, "Rechnung"))[:1] == ["m1"]


@pytest.mark.parametrize("language", ["english", "german", "simple", "arabic"])
@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("My order is A-48213.", "A-48213"),
        ("My order is A-48213.", "what about order a48213?"),
        ("It says ERR_CONN_REFUSED again", "ERR_CONN_REFUSED"),
        ("Windows shows 0x80070057 at start", "error 0x80070057"),
        ("see https://shop.example/cart/77?x=1", "https://shop.example/cart/77?x=1"),
        ("run `kubectl get pods -n prod-eu` now", "prod-eu kubectl"),
        ("std::vector<int> v; v.push_back(1);", "std::vector"),
        ("the log is in /var/log/app.log", "/var/log/app.log"),
        ("🍕🍕 party at Ringstraße 12b", "🍕 Ringstraße"),
    ],
)
async def test_codes_and_addresses_are_found_in_every_language(
    db: asyncpg.Pool, language: str, text: str, query: str
) -> None:
    room = await _room(db, language, text)
    assert (await _found(db, room, query))[:1] == ["m1"]


@pytest.mark.parametrize("query", ["🙂", "🍕🍕🍕", "語", "!?", "…", "؟", "​"])
async def test_what_has_no_words_finds_nothing_and_breaks_nothing(
    db: asyncpg.Pool, query: str
) -> None:
    room = await _room(db, "english", "My order is A-48213.")
    assert await _found(db, room, query) == []


async def test_a_room_of_two_languages_finds_the_words_of_both_as_they_are_written(
    db: asyncpg.Pool,
) -> None:
    room = await _room(
        db, "english", "Die Rechnung liegt im Büro.", "The invoices are in the office."
    )
    assert (await _found(db, room, "Wo ist die Rechnung?"))[:1] == ["m1"]
    assert (await _found(db, room, "Where is the invoice?"))[:1] == ["m2"]
