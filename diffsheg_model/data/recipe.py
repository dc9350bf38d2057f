"""The recipe of a data folder: the settings it was made with, so that data sets are not mixed."""

import json
from pathlib import Path
from typing import Any

from diffsheg_model.errors import InputError
from diffsheg_model.files.atomic import atomic_path


def keep_recipe(path: Path, recipe: dict[str, Any], what: str) -> None:
    """Write a recipe, or compare it with the existing one.

    Args:
        path: file of the recipe, in the folder of the takes.
        recipe: settings as JSON values.
        what: content of the folder, for messages.

    Raises:
        InputError: the folder was made with another recipe, or its recipe is damaged.
    """
    folder = path.parent
    if not path.exists():
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(recipe, indent=1) + '\n')
        return
    try:
        before = json.loads(path.read_text())
        known = before.keys()
    except (ValueError, AttributeError, RecursionError, OSError) as error:
        raise InputError(f'{path} is damaged: delete {folder} and start again') from error
    plain = json.loads(json.dumps(recipe))
    for key, value in plain.items():
        if key not in known or before[key] != value:
            raise InputError(
                f'{folder} holds {what} made with another {key}: choose another folder, or '
                'delete this one'
            )
