"""``python -m simcustomer``: the same as the command ``simcustomer``."""

from simcustomer.cli import main

main()
