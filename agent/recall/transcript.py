"""What a speaker has said of an unfinished turn."""

_MAX_CHARS = 8_000


class Transcript:
    """Joins a turn's segments, each of which grows until final: a search needs the whole turn."""

    def __init__(self) -> None:
        self._finished = ""

    def grown(self, segment: str, *, final: bool) -> str:
        text = f"{self._finished} {segment}".strip()[-_MAX_CHARS:]
        if final:
            self._finished = text
        return text
