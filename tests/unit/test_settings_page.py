"""docs/settings.md tells the settings as they are."""

from docs.settings import FILE, page


def test_the_page_has_every_setting_with_its_default_and_range() -> None:
    written = FILE.read_text("utf-8")
    assert written == page(), "write it again: make settings"
    for row in (
        "| `AGENT_ROLLING_WINDOW_MESSAGES` | `12` | whole number from 2 to 200 |",
        "| `BACKEND_TOKEN_SECRET` |  | secret of 32 characters or more |",
        "| `BACKEND_METRICS` |  | `open`, `key`, `off` |",
        "| `LIVEKIT_URL` | **must be set** |",
    ):
        assert f"\n{row}" in written
