"""`python -m console …`: the command line without the installed script, for processes that start others."""

from console.cli import main

main()
