"""A correction comes with what it corrects, and before it."""

import re
from collections.abc import Sequence, Set
from itertools import combinations
from typing import Final

from retrieval.search.selection.candidate import FEWER_WORDS, Candidate
from retrieval.search.selection.exchange import exchange, put_before

_STRONG: Final = re.compile(
    r"""^\W*(?:correction | scratch\s+that | (?:no,?\s+)?wait | oops | edit(?:ed)?\b\s*: | typo
          | fix\s*:
      | (?:i\s+)?mis(?:spoke|typed|took) | my\s+(?:mistake|bad) | i\s+was\s+wrong | update\s*:
      | (?:no,?\s+)?i\s+me[ao]nt? | sorry,?\s+(?:i\s+me[ao]nt|it['’]?s|not|wrong|that)
          | ignore\s+(?:that|my)
      | forget\s+(?:that|what) | strike\s+that | rather | make\s+(?:that|it) | erratum
      | korrektur | korrigiere | ich\s+meinte | quatsch | stimmt\s+nicht | nein,? | berichtigung
      | je\s+voulais\s+dire | erreur | rectification | corrección | quise\s+decir | perdón
          | me\s+equivoqué
      | correzione | volevo\s+dire | correção | quis\s+dizer | correctie | ik\s+bedoel(?:de)?
      | поправка | исправление | я\s+имел[аи]?\s+в\s+виду | ошибся | ошиблась )\b
    | ^\s*\*\s*\w | \w\*\s*$ | ^\W*(?:更正 | 纠正 | 说错了 | 訂正 | 間違え | 정정)
    | \b(?:i\s+meant | correction\s*: | scratch\s+that | i\s+was\s+wrong
          | should\s+(?:be|have\s+been)
      | is\s+wrong | was\s+wrong | not\s+what\s+i\s+said | ich\s+meinte | je\s+voulais\s+dire
      | quise\s+decir)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_WEAK: Final = re.compile(
    r"""\b(?:actually | in\s+fact | no\s+longer | not\s+any\s?more | any\s?more
          | (?:has\s+)?(?:been\s+)?
      (?:changed|moved|switched|updated|replaced|renamed|postponed|rescheduled|cancelled|canceled)
      | instead | now | new | from\s+now\s+on | as\s+of | not\s+\S+(?:\s+\S+){0,4}?,?\s+but
          | but\s+not
      | turns\s+out | rather | update | revised
      | eigentlich | doch | nicht\s+mehr | geändert | stattdessen | sondern | jetzt | neue[rsnm]?
      | en\s+fait | finalement | ne\s+\S+\s+plus | changé | maintenant | plutôt
      | en\s+realidad | ya\s+no | cambi\w+ | ahora | sino | in\s+realtà | non\s+\S+\s+più
          | cambiat\w
      | na\s+verdade | mudou | agora | на\s+самом\s+деле | больше\s+не | изменил\w* | теперь
          | а\s+не)\b
    | 其实 | 改成 | 改为 | 不再 | 现在 | 而是 | 実は | に変更 | ではなく | 사실 | 변경""",
    re.IGNORECASE | re.VERBOSE,
)
MARGIN: Final = 1.0
"""Of scores: a later message that is further behind is about something else."""
MARGIN_OF_RESTATEMENTS: Final = 0.6
SAME_WORDS: Final = 0.8
"""Least share of the part `words` that restatements have of each other's: with less, the query has
the value of one of them."""
LEAST_COMMON: Final = 0.5
"""Share of telling words that a correction has in common with what it corrects."""
LEAST_COMMON_IF_MARKED: Final = 0.3
"""The same if its words say that it is one."""
MOST_OTHER_WORDS: Final = 3
"""On each side, of a restatement."""
COMPARED: Final = 8
"""Best candidates; others are corrected by none."""


def put_corrections_first(
    candidates: Sequence[Candidate], query: Set[str], *, restatements: bool
) -> None:
    """With `restatements`, also the newest of sentences that differ in a value only."""
    compared = sorted(candidates, key=lambda one: (one.follows is None, -one.score))[:COMPARED]
    by_time = sorted(compared, key=lambda one: one.said)
    for earlier, later in combinations(by_time, 2):
        if _corrects(later, earlier, query) and not (earlier.asks or later.asks):
            put_before("correction", later, earlier)
    for group in _restatements(by_time, query) if restatements else ():
        exchange("correction", group)


def _corrects(later: Candidate, earlier: Candidate, query: Set[str]) -> bool:
    if later.message.role == "assistant" and earlier.message.role != "assistant":
        return False
    if later.follows == earlier.place and _STRONG.search(later.text):
        return True
    if later.score < earlier.score - MARGIN or later.words < FEWER_WORDS * earlier.words:
        return False
    new, old = later.content.set, earlier.content.set
    about = old & query
    if not about or not about <= new:
        return False
    common = len(new & old)
    least = min(len(new), len(old))
    if common < max(2, LEAST_COMMON_IF_MARKED * least) or common == len(new):
        return False
    if common >= LEAST_COMMON * least and _WEAK.search(later.text):
        return True
    return _STRONG.search(later.text) is not None


def _restatements(by_time: Sequence[Candidate], query: Set[str]) -> list[list[Candidate]]:
    """Groups that differ in a value, newest first."""
    groups: list[list[Candidate]] = []
    for one in by_time:
        group = next((group for group in groups if _restates(one, group[-1], query)), None)
        if group is None:
            groups.append([one])
        else:
            group.append(one)
    return [group[::-1] for group in groups if len(group) > 1]


def _restates(later: Candidate, earlier: Candidate, query: Set[str]) -> bool:
    """The same sentence of the same person with another value."""
    if later.message.participant != earlier.message.participant:
        return False
    if abs(later.score - earlier.score) > MARGIN_OF_RESTATEMENTS:
        return False
    fewer, more = sorted((later.words, earlier.words))
    if fewer < SAME_WORDS * more:
        return False
    new, old = later.content.set, earlier.content.set
    common = new & old
    added, gone = len(new) - len(common), len(old) - len(common)
    if not 0 < added <= MOST_OTHER_WORDS or not 0 < gone <= MOST_OTHER_WORDS:
        return False
    if len(common) < added or not common & query or (new ^ old) & query:
        return False
    return not (earlier.asks or later.asks)
