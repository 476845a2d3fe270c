"""`python -m epicarve` is the command line."""

from epicarve.cli import main

main()
