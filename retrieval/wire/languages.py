"""Languages of a room's text search, by name or tag."""

from typing import Annotated

from pydantic import AfterValidator, Field

# PostgreSQL's stemmers by language code, and languages that are indexed without one.
_STEMMED = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "da": "danish",
    "nl": "dutch", "en": "english", "fi": "finnish", "fr": "french", "de": "german",
    "el": "greek", "hi": "hindi", "hu": "hungarian", "id": "indonesian", "ga": "irish",
    "it": "italian", "lt": "lithuanian", "ne": "nepali", "nb": "norwegian", "nn": "norwegian",
    "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "es": "spanish", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
_UNSTEMMED = frozenset(
    "bg bn cs fa he hr ja km ko lo my pl sk th uk ur vi zh".split()  # noqa: SIM905 - one line
)

LANGUAGES = sorted({*_STEMMED.values(), "simple"})


def text_search_language(name: str) -> str | None:
    """For a name (german) or tag (de, de-AT); None if unknown."""
    known = name.strip().lower()
    if known in LANGUAGES:
        return known
    code = known.replace("_", "-").partition("-")[0]
    return "simple" if code in _UNSTEMMED else _STEMMED.get(code)


def _known_language(name: str) -> str:
    language = text_search_language(name)
    if language is None:
        known = ", ".join(LANGUAGES)
        raise ValueError(f"must be one of {known} or a tag such as de-AT; simple suits any other")
    return language


_PATTERN = f"^({'|'.join(LANGUAGES)}|({'|'.join(sorted({*_STEMMED, *_UNSTEMMED}))})([-_].*)?)$"

Language = Annotated[
    str,
    Field(max_length=64, json_schema_extra={"pattern": _PATTERN}),
    AfterValidator(_known_language),
]
