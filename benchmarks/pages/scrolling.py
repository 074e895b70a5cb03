"""A reader scrolls through a long room, a screen at a time and without a rest."""

from dataclasses import dataclass, field
from typing import Any, Final

from playwright.async_api import Page

STEP_PX: Final = 800
EVERY_MS: Final = 100
"""Ten screens a second."""

WATCH: Final = """
() => {
  const list = document.querySelector("ol.entries");
  const seen = { frames: [], frames_at_the_end: 0 };
  let last = performance.now();
  const look = (now) => {
    seen.frames.push(now - last);
    last = now;
    if (list.getBoundingClientRect().top > 0) seen.frames_at_the_end += 1;
    seen.going = requestAnimationFrame(look);
  };
  window.watched = seen;
  requestAnimationFrame((now) => { last = now; requestAnimationFrame(look); });
}
"""
WATCHED: Final = "() => { cancelAnimationFrame(watched.going); return watched; }"


@dataclass(frozen=True)
class Scrolled:
    """`waits_ms`: how long the reader saw the end of what was loaded, in a room that goes on."""

    frames_ms: list[float] = field(repr=False)
    waits_ms: float


async def scroll_up(page: Page, *, screens: int) -> Scrolled:
    """From the room's newest messages towards its first."""
    await page.mouse.move(600, 400)
    await page.evaluate(WATCH)
    for _ in range(screens):
        await page.mouse.wheel(0, -STEP_PX)
        await page.wait_for_timeout(EVERY_MS)
    watched: dict[str, Any] = await page.evaluate(WATCHED)
    frames: list[float] = watched["frames"]
    mean_ms = sum(frames) / max(1, len(frames))
    return Scrolled(frames, watched["frames_at_the_end"] * mean_ms)
