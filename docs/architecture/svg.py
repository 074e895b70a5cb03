"""SVG by plain text: boxes, labels and arrows, the same bytes for the same drawing."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

Point = tuple[float, float]

_STYLE = """\
text { font: 13px ui-sans-serif, system-ui, sans-serif; fill: #1f2933; }
.small { font: 11px ui-monospace, monospace; fill: #52606d; }
.title { font-weight: 600; font-size: 14px; }
.page { fill: #ffffff; }
.band { fill: #f5f7fa; }
.box { fill: #e3edf9; stroke: #7b9cc4; }
.arrow { fill: none; stroke: #7b8794; stroke-width: 1.2; marker-end: url(#head); }
"""
_HEAD = (
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
    'orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#7b8794"/></marker></defs>'
)


def document(width: float, height: float, parts: Sequence[str]) -> str:
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
        f"<style>{_STYLE}</style>",
        _HEAD,
        rectangle("page", (0, 0), width, height),
        *parts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def rectangle(kind: str, corner: Point, width: float, height: float) -> str:
    x, y = corner
    size = f'width="{width:.0f}" height="{height:.0f}"'
    return f'<rect class="{kind}" x="{x:.0f}" y="{y:.0f}" {size} rx="4"/>'


def label(text: str, at: Point, *, kind: str = "", anchor: str = "middle") -> str:
    x, y = at
    place = f'x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"'
    return f'<text class="{kind}" {place}>{escape(text)}</text>'


def arrow(points: Sequence[Point]) -> str:
    """A smooth line that leaves and enters every point vertically."""
    (x, y), *rest = points
    path = [f"M{x:.0f},{y:.0f}"]
    for to_x, to_y in rest:
        middle = (y + to_y) / 2
        path.append(f"C{x:.0f},{middle:.0f} {to_x:.0f},{middle:.0f} {to_x:.0f},{to_y:.0f}")
        x, y = to_x, to_y
    return f'<path class="arrow" d="{" ".join(path)}"/>'
