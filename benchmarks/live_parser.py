"""Command lines that are refused in one line."""

import argparse
from typing import NoReturn

from diffsheg_model.errors import InputError


class Parser(argparse.ArgumentParser):
    """Raises InputError where argparse would print how it is used, and end the process."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f'{message}; --help lists all options')
