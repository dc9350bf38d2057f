"""Command-line parser that reports errors in one line."""

import argparse
from typing import NoReturn

from diffsheg_model.errors import InputError


class Parser(argparse.ArgumentParser):
    """Parser that raises InputError where argparse would print the usage and exit."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f'{message}; --help lists all options')
