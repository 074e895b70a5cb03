"""One way to put a request, and the order in which others are tried."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

from agent.llm.dialects.prompt_shape import SHAPES, Shape
from agent.llm.dialects.refusal import Subject

PromptShape = Literal["auto"] | Shape
Tools = Literal["auto", "on", "off"]


@dataclass(frozen=True)
class Dialect:
    """`usage`: token counts are asked for."""

    shape: Shape = "as_is"
    tools: bool = True
    usage: bool = True


@dataclass(frozen=True)
class Freedom:
    """What the settings leave to be found out."""

    shape: PromptShape = "auto"
    tools: Tools = "auto"

    @property
    def first(self) -> Dialect:
        shape = "as_is" if self.shape == "auto" else self.shape
        return Dialect(shape, tools=self.tools != "off")

    def others(self, refused: Dialect, subject: Subject) -> Iterator[Dialect]:
        """The least change first, beginning with what the refusal is about."""
        if subject == "usage" and refused.usage:
            yield replace(refused, usage=False)
        shapes = [refused.shape] if self.shape != "auto" else _from(refused.shape)
        tools = [True, False] if self.tools == "auto" and refused.tools else [refused.tools]
        if subject == "tools":
            tools.reverse()
        for with_tools, shape in product(tools, shapes):
            if (changed := replace(refused, shape=shape, tools=with_tools)) != refused:
                yield changed


def _from(shape: Shape) -> list[Shape]:
    return [shape, *(other for other in SHAPES if other != shape)]
