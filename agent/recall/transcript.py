"""What a speaker has said of a turn that has not ended yet."""

_MAX_CHARS = 8_000


class Transcript:
    """Speech recognition gives a turn in segments, each growing until it is final.

    A search for the last segment alone would not be the search for the turn.
    """

    def __init__(self) -> None:
        self._finished = ""

    def grown(self, segment: str, *, final: bool) -> str:
        text = f"{self._finished} {segment}".strip()[-_MAX_CHARS:]
        if final:
            self._finished = text
        return text
