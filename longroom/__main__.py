"""`python -m longroom` is `longroom`."""

from longroom.cli import main

main()
