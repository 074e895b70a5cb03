"""One table of words for days per language."""

from retrieval.search.query.days.languages.chinese import CHINESE
from retrieval.search.query.days.languages.dutch import DUTCH
from retrieval.search.query.days.languages.english import ENGLISH
from retrieval.search.query.days.languages.french import FRENCH
from retrieval.search.query.days.languages.german import GERMAN
from retrieval.search.query.days.languages.italian import ITALIAN
from retrieval.search.query.days.languages.japanese import JAPANESE
from retrieval.search.query.days.languages.portuguese import PORTUGUESE
from retrieval.search.query.days.languages.russian import RUSSIAN
from retrieval.search.query.days.languages.spanish import SPANISH

LANGUAGES = (
    ENGLISH, GERMAN, FRENCH, SPANISH, ITALIAN, PORTUGUESE, DUTCH, RUSSIAN, CHINESE, JAPANESE,
)  # fmt: skip

__all__ = ["ENGLISH", "LANGUAGES"]
