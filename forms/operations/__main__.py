"""Run the operator's commands without an installed package: python -m forms.operations backup."""

from forms.operations.cli.main import main

main()
