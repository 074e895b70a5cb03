"""What of a query decides between messages that the score finds alike."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Final

from retrieval.search.query.order import Order, without_order_words
from retrieval.search.query.query import Query
from retrieval.search.selection.answers.kinds import Kind, kinds_asked
from retrieval.search.selection.polarity import asks_polarity
from retrieval.search.selection.texts.content import NEGATIONS, Content, stems_of
from retrieval.search.selection.texts.questions import REQUESTING
from retrieval.weights import Weights

_ABOUT_ASKING: Final = stems_of("""
ask asks asked asking question questions wonder wondered fragt fragte gefragt frage demandé
pregunta preguntó спрашивал спросил
""")


@dataclass(frozen=True)
class Asked:
    words: Set[str]
    """Stems with content, without words of order and request."""
    order: Order | None
    denial: bool | None
    """Whether messages that deny come first; None if it does not matter."""
    about_asking: bool
    """Whether earlier questions may be the answer."""
    kinds: Sequence[Kind] | None
    """Of the answer that is asked for; None for keywords, which ask for whatever has them."""
    dated: bool
    """Whether it names days, which then tell alike messages apart."""
    language: str
    """Of the room."""

    @property
    def compares(self) -> bool:
        return self.order is not None or self.denial is not None


def asked_by(query: Query, *, language: str, weights: Weights) -> Asked:
    text = query.embedded_text
    content = Content(text, language=language)
    order = query.order if weights.order else None
    about = content
    if order:
        about = Content(without_order_words(text, language=language), language=language)
    words = (about.set - REQUESTING - NEGATIONS) or about.set
    return Asked(
        words=words,
        order=order,
        denial=asks_polarity(text, content, words) if weights.polarity else None,
        about_asking=not _ABOUT_ASKING.isdisjoint(content.words),
        kinds=kinds_asked(text, content) or (None if query.keywords else ()),
        dated=bool(query.days),
        language=language,
    )
