"""Check of parameter files for unknown names, before a node starts.

rcl ignores sections of unknown nodes and unknown parameters, so a mistyped name would have no
effect and no message. Nothing here imports ROS.
"""

import dataclasses
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from diffsheg_model.errors import InputError
from diffsheg_ros.parameter_rules import former_names
from diffsheg_ros.startup.nearest import SURELY, did_you_mean, nearest
from diffsheg_ros.startup.node_parameters import NODE_PARAMETERS

#: Parameters that every node has.
COMMON = ('use_sim_time', 'start_type_description_service')
#: Prefixes of parameters that rclpy declares itself.
_FOREIGN_PREFIXES = ('qos_overrides.',)
#: Levels of sections and values; rcl allows fewer.
_MAX_DEPTH = 100


def check_parameter_file(path: str | Path) -> None:
    """Raise InputError for names in a file that no node has.

    Sections of other packages' nodes are ignored, unless a name is very similar to one of ours.

    Raises:
        InputError: the file cannot be read, or a name in it is not known.
    """
    try:
        mode = Path(path).stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            return  # rcl must read a pipe, which can be read only once
        content = _parsed(Path(path).read_text(encoding='utf-8'))
    except UnicodeDecodeError as error:
        raise InputError(
            f'parameter file {path}: cannot be read (it is not text in UTF-8)'
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, 'strerror', None) or error
        raise InputError(f'parameter file {path}: cannot be read ({reason})') from error
    except yaml.YAMLError as error:
        raise InputError(
            f'parameter file {path}: is not YAML: {" ".join(str(error).split())}'
        ) from error
    for section, names in _sections(content, ''):
        problem = _problem(section, names)
        if problem:
            raise InputError(f'parameter file {path}: {problem}')


def unknown_parameters(names: Iterable[str], known: Iterable[str]) -> str:
    """Return the fault of the names of parameters; empty if all are known.

    Args:
        names: the given names.
        known: the parameters of the node, without those that every node has.
    """
    known = {*known, *COMMON}
    for name in names:
        if name not in known and not name.startswith(_FOREIGN_PREFIXES):
            return f'there is no parameter {name}: {did_you_mean(name, known)}'
    return ''


def parameter_names(node: str) -> set[str]:
    """Return the names of a node's own parameters, with former names that it still accepts."""
    kind = NODE_PARAMETERS[node]
    return {field.name for field in dataclasses.fields(kind)} | former_names(kind).keys()


def all_parameter_names() -> set[str]:
    """Return the names of the parameters of all nodes."""
    return set().union(*map(parameter_names, NODE_PARAMETERS))


def _parsed(text: str) -> Any:
    """Return the content of YAML with every value as text, since only names matter here.

    Raises:
        yaml.YAMLError: the text is not YAML, is nested too deeply, or has aliases. rcl refuses
            these too; a few lines of aliases can expand to billions of values.
    """
    depth = 0
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.MarkedYAMLError(
                problem='ROS takes no aliases', problem_mark=event.start_mark
            )
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise yaml.MarkedYAMLError(
                problem='it is nested too deeply', problem_mark=event.start_mark
            )
    return yaml.load(text, Loader=yaml.BaseLoader)


def _problem(section: str, names: list[str]) -> str:
    node = section.rsplit('/', 1)[-1]
    if node in NODE_PARAMETERS:
        problem = unknown_parameters(names, parameter_names(node))
        return problem and f'section {section}: {problem}'
    if '*' in node:
        # Such a section is for all nodes of a robot; other packages have other parameters.
        known = {*all_parameter_names(), *COMMON}
        slips = [name for name in names if name not in known and nearest(name, known, SURELY)]
        problem = unknown_parameters(slips, known)
        return problem and f'section {section}: {problem}'
    meant = nearest(node, NODE_PARAMETERS, SURELY)
    return f'section {section}: no node is called {node}: did you mean {meant}?' if meant else ''


def _sections(content: Any, prefix: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the name of each node's section with the names of its parameters."""
    if not isinstance(content, dict):
        return
    for key, value in content.items():
        if key == 'ros__parameters':
            yield prefix, list(_names(value, ''))
        else:
            yield from _sections(value, f'{prefix}/{key}'.replace('//', '/'))


def _names(parameters: Any, prefix: str) -> Iterator[str]:
    if not isinstance(parameters, dict):
        return
    for key, value in parameters.items():
        if isinstance(value, dict):
            yield from _names(value, f'{prefix}{key}.')
        else:
            yield f'{prefix}{key}'
