"""Draws walks side by side: a column for each, a box for each step."""

from collections.abc import Sequence

from docs.architecture import svg
from docs.architecture.walks import Function, Step, Walk

COLUMN = 308
BOX_WIDTH = 292
BOX_HEIGHT = 44
STEP_HEIGHT = 76
FIRST_STEP = 72
FIRST_ARROW = 24
ARROW_LEFT_OF_MIDDLE = 70


def walk_picture(walks: Sequence[Walk]) -> str:
    longest = max(len(walk.steps) for walk in walks)
    parts = [part for column, walk in enumerate(walks) for part in _column(walk, column * COLUMN)]
    return svg.document(len(walks) * COLUMN, FIRST_STEP + longest * STEP_HEIGHT, parts)


def _column(walk: Walk, left: float) -> list[str]:
    middle = left + COLUMN / 2
    parts = [svg.label(walk.title, (middle, 26), kind="title")]
    before = None
    for number, step in enumerate(walk.steps, start=1):
        top = FIRST_STEP + (number - 1) * STEP_HEIGHT
        if step.caller is not None:
            parts += _arrow(step, before, walk, (middle, top))
        parts += _box(f"{number}. {step.function.name}", step.function.path, (middle, top))
        before = step.function
    return parts


def _box(title: str, path: str, top_middle: svg.Point) -> list[str]:
    middle, top = top_middle
    return [
        svg.rectangle("box", (middle - BOX_WIDTH / 2, top), BOX_WIDTH, BOX_HEIGHT),
        svg.label(title, (middle, top + 18)),
        svg.label(path, (middle, top + 35), kind="small"),
    ]


def _arrow(step: Step, before: Function | None, walk: Walk, end: svg.Point) -> list[str]:
    middle, top = end
    x = middle - ARROW_LEFT_OF_MIDDLE
    length = STEP_HEIGHT - BOX_HEIGHT if before else FIRST_ARROW
    return [
        svg.arrow([(x, top - length), (x, top)]),
        svg.label(_remark(step, before, walk), (x + 8, top - 11), kind="small", anchor="start"),
    ]


def _remark(step: Step, before: Function | None, walk: Walk) -> str:
    """How a step is reached, and from where if not from the box above it."""
    if step.by != "call":
        return step.by
    if step.caller is None or step.caller == before:
        return ""
    numbers = {one.function: str(number) for number, one in enumerate(walk.steps, start=1)}
    return f"from {numbers.get(step.caller, step.caller.name)}"
