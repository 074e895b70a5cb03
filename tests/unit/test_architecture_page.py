"""docs/architecture.md shows the code as it is."""

from pathlib import Path

import pytest

from docs.architecture.layer_picture import layer_picture
from docs.architecture.layers import Layers
from docs.architecture.page import ROOT, drawn
from docs.architecture.walks import BrokenWalk, check, read_walks

STEP = """
[[walk]]
picture = "one"
title = "One"
steps = [
    {{ function = "agent.recall.recall.Recall.take", what = "" }},
    {{ {second}, what = "" }},
]
"""


def test_the_pictures_and_lists_are_up_to_date() -> None:
    stale = [
        str(path.relative_to(ROOT))
        for path, text in drawn().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]

    assert stale == [], "run `make architecture`"


@pytest.mark.parametrize(
    ("second", "complaint"),
    [
        ('function = "agent.recall.gone.take"', "no such module"),
        ('function = "agent.recall.recall.Recall.gone"', "has no Recall.gone"),
        (
            'function = "agent.room.job.RoomJob.start"',
            "agent.recall.recall never imports agent.room.job",
        ),
        ('function = "agent.recall.recall.Recall.prefetch", by = "magic"', "'magic' is not known"),
    ],
)
def test_a_walk_that_the_code_does_not_take_is_refused(
    tmp_path: Path, second: str, complaint: str
) -> None:
    table = tmp_path / "walks.toml"
    table.write_text(STEP.format(second=second), encoding="utf-8")

    with pytest.raises(BrokenWalk, match=complaint):
        check(read_walks(table), ROOT)


def test_an_arrow_passes_a_layer_beside_its_boxes() -> None:
    rows = (("top",), ("middle",), ("bottom",))
    arrows = frozenset({("top", "middle"), ("top", "bottom")})

    picture = layer_picture(Layers("", rows, arrows))

    assert picture.count('class="arrow"') == 2
    assert picture == layer_picture(Layers("", rows, arrows))
