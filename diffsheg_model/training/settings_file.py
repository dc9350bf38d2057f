"""Training settings from presets, YAML files and single fields, and the settings.yaml of a run."""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_type_hints

import yaml

from diffsheg_model.checked_fields import read_dataclass
from diffsheg_model.errors import InputError, one_line
from diffsheg_model.files.atomic import atomic_path
from diffsheg_model.training.settings import TrainingSettings

PRESETS = Path(__file__).parent / 'presets'


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which also reads 1e-3 as a number, as YAML 1.2 does."""


_Loader.add_implicit_resolver(
    'tag:yaml.org,2002:float',
    re.compile(r'[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$'),
    list('-+.0123456789'),
)


def preset_names() -> list[str]:
    """Return the names of the presets that ship with the package."""
    return sorted(path.stem for path in PRESETS.glob('*.yaml'))


def load_settings(
    preset: str, config: Path | None = None, overrides: Sequence[str] = ()
) -> TrainingSettings:
    """Return the settings of a preset, overridden by a file, overridden by single fields.

    Args:
        preset: a name of `preset_names()`.
        config: YAML file of the same layout as a preset; it may hold any part of it.
        overrides: 'section.field=value', such as 'optimiser.learning_rate=1e-3'.

    Raises:
        InputError: a preset, file or field is unknown, or a value is not allowed.
    """
    path = PRESETS / f'{preset}.yaml'
    if not path.is_file():
        raise InputError(f'preset {preset!r}: must be one of {", ".join(preset_names())}')
    values = _read_file(path)
    if config is not None:
        if not config.is_file():
            raise InputError(f'{config}: no such settings file')
        values = _merged(values, _read_file(config))
    for override in overrides:
        values = _merged(values, _read_override(override))
    return read_dataclass(TrainingSettings, values, 'settings')


def write_settings(settings: TrainingSettings, path: Path) -> None:
    """Write all settings to a file that `load_settings` reads."""
    values = dataclasses.asdict(settings)
    with atomic_path(path) as temporary:
        temporary.write_text(yaml.safe_dump(values, sort_keys=False))


def _read_file(path: Path) -> dict[str, Any]:
    try:
        values = _parse(path.read_text(encoding='utf-8'))
    except Exception as error:  # a damaged file makes the YAML parser raise exceptions of any type
        raise InputError(f'{path}: no settings ({one_line(error)})') from error
    if not isinstance(values, dict):
        raise InputError(f'{path}: no settings (it must hold sections such as network:)')
    return values


def _read_override(override: str) -> dict[str, Any]:
    """Return the values that 'section.field=value' gives, nested as in a file."""
    name, separator, text = override.partition('=')
    if not separator:
        raise InputError(f'--set {override}: must be section.field=value')
    *sections, field = name.split('.')
    kind: Any = TrainingSettings
    for part in (*sections, field):
        kind = get_type_hints(kind).get(part) if dataclasses.is_dataclass(kind) else None
    try:
        # A text such as 007 is no number.
        values = {field: text if kind is str else _parse(text)}
    except Exception as error:
        raise InputError(f'--set {override}: no value ({one_line(error)})') from error
    for section in reversed(sections):
        values = {section: values}
    return values


def _parse(text: str) -> Any:
    return yaml.load(text, Loader=_Loader)


def _merged(values: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    """Return values with those of others in their place, section by section."""
    merged = dict(values)
    for key, value in others.items():
        below = merged.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            value = _merged(below, value)
        merged[key] = value
    return merged
