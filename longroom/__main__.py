"""`longroom`, and `python -m longroom`; where only the client is installed, says what to add."""

import sys

OUR_PACKAGES = {"agent", "backend_stub", "longroom", "retrieval"}


def main() -> None:
    try:
        from longroom.cli import main as run

        run()
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in OUR_PACKAGES:
            raise
        from retrieval.installing import programs_installed

        reason = f"package {error.name} is not installed; {programs_installed()}"
        sys.stderr.write(f"longroom: {reason}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
