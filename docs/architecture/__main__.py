"""`make architecture`: draws the pictures and the lists of docs/architecture.md from the code.

Fails when a step of walks.toml is not there, or does not lead to the next one.
"""

import sys

from docs.architecture.page import ROOT, drawn
from docs.architecture.walks import BrokenWalk


def main() -> int:
    try:
        files = drawn()
    except BrokenWalk as error:
        print(f"docs/architecture/walks.toml: {error}", file=sys.stderr)
        return 1
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
