"""The words of erased messages: index entries, and the vocabulary that no other message has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from retrieval.changes.erasure.transactions import Locked, Rows
from retrieval.database.command_tag import affected_rows
from retrieval.text.analysis import Analysis
from retrieval.text.normal_form import folded, readable
from retrieval.text.stems import stems
from retrieval.text.terms.stored import VERSION

LOOKED_INTO = 2
"""Other messages of a word's stem, the newest, of which one may have the word itself."""

DELETE_TERMS = """
delete from message_term
 using unnest($2::text[], $3::bigint[]) as gone (lexeme, seq)
 where message_term.conversation_id = $1
   and message_term.lexeme = gone.lexeme and message_term.seq = gone.seq
"""

# Of an older text layer other terms may be left: they are looked for among all of the conversation.
DELETE_ALL_TERMS = """
delete from message_term where conversation_id = $1 and seq = any($2)
"""

IS_CURRENT = """
select text_version = $2 from conversation where conversation_id = $1
"""

GONE = """
select lexeme
  from unnest($2::text[]) as looked_for (lexeme)
 where not exists (select from message_term
                    where conversation_id = $1 and lexeme = looked_for.lexeme)
"""

OTHERS = """
select word, message.content
  from unnest($2::text[], $3::text[]) as looked_for (word, stem)
 cross join lateral (
       select distinct seq
         from (select seq from message_term
                where conversation_id = $1 and lexeme = looked_for.stem
                order by seq desc
                limit $4) newest) term
  join message on message.conversation_id = $1 and message.seq = term.seq
"""

FORGET = """
delete from vocabulary where conversation_id = $1 and word = any($2)
"""


@dataclass(frozen=True)
class Words:
    """Of erased messages."""

    lexemes: Sequence[tuple[str, int]]
    vocabulary: frozenset[str]


def words_of(analyses: Mapping[int, Analysis]) -> Words:
    """By seq."""
    passages = [(seq, terms) for seq, one in analyses.items() for terms in one.passages]
    return Words(
        lexemes=sorted({(lexeme, seq) for seq, terms in passages for lexeme in terms.counts}),
        vocabulary=frozenset().union(*(terms.vocabulary for _, terms in passages)),
    )


async def delete_words(locked: Locked, words: Words, *, rows: Rows) -> set[str]:
    """Returns the lexemes that no other message has."""
    connection, conversation_id = locked.connection, locked.conversation_id
    lexemes = [lexeme for lexeme, _ in words.lexemes]
    seqs = [seq for _, seq in words.lexemes]
    if await connection.fetchval(IS_CURRENT, conversation_id, VERSION):
        status = await connection.execute(DELETE_TERMS, conversation_id, lexemes, seqs)
    else:
        status = await connection.execute(DELETE_ALL_TERMS, conversation_id, sorted({*seqs}))
    rows["message_term"] += affected_rows(status)
    found = await connection.fetch(GONE, conversation_id, sorted({*lexemes}))
    await _forget_words(locked, words.vocabulary, rows=rows)
    return {row["lexeme"] for row in found}


async def _forget_words(locked: Locked, vocabulary: frozenset[str], *, rows: Rows) -> None:
    """Those that other messages seem not to have. One too many costs a search the likeness of a
    misspelt word, until the word is said again.
    """
    pairs = [
        (word, stem) for word in sorted(vocabulary) for stem in stems(word, (locked.language,))
    ]
    found = await locked.connection.fetch(
        OTHERS,
        locked.conversation_id,
        [word for word, _ in pairs],
        [stem for _, stem in pairs],
        LOOKED_INTO,
    )
    texts: dict[str, str] = {}
    said = set()
    for row in found:
        content = row["content"]
        text = texts.setdefault(content, folded(readable(content)))
        if row["word"] in text:
            said.add(row["word"])
    status = await locked.connection.execute(
        FORGET, locked.conversation_id, sorted(vocabulary - said)
    )
    rows["vocabulary"] += affected_rows(status)
