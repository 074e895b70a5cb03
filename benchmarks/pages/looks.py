"""The ways a page is looked at, and what axe finds in each."""

from typing import Final

from playwright.async_api import Page

from testbed.browser import DESKTOP, PHONE, accessibility_faults

LOOKS: Final = (  # the last one is how the page stays
    (PHONE, "dark"),
    (PHONE, "light"),
    (DESKTOP, "dark"),
    (DESKTOP, "light"),
)


async def faults_of_all_looks(page: Page) -> list[str]:
    found = []
    for (width, height), scheme in LOOKS:
        await page.set_viewport_size({"width": width, "height": height})
        await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        faults = await accessibility_faults(page)
        found += [f"{page.url}, {width} wide, {scheme}: {fault}" for fault in faults]
    return found
