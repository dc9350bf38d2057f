"""The report of `diffsheg prepare`: the outcome of every take."""

import json
from dataclasses import dataclass
from pathlib import Path

from diffsheg_model.files.atomic import atomic_path

REPORT = 'report.json'


@dataclass(frozen=True)
class TakeOutcome:
    """Outcome of one take.

    Attributes:
        name: name of the take.
        frames: number of frames written; 0 if it was skipped.
        notes: problems found and repaired.
        skipped: reason why it was skipped, one line; empty if it was not.
    """

    name: str
    frames: int = 0
    notes: tuple[str, ...] = ()
    skipped: str = ''


@dataclass(frozen=True)
class PrepareReport:
    """Outcomes of all takes of a folder.

    Attributes:
        source: the folder.
        kind: kind of its recordings.
        fps: frames a second of the shards.
        outcomes: outcomes of its takes, in order of their names.
    """

    source: Path
    kind: str
    fps: float
    outcomes: tuple[TakeOutcome, ...]

    @property
    def prepared(self) -> tuple[TakeOutcome, ...]:
        return tuple(outcome for outcome in self.outcomes if not outcome.skipped)

    @property
    def skipped(self) -> tuple[TakeOutcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.skipped)

    @property
    def hours(self) -> float:
        return sum(outcome.frames for outcome in self.prepared) / self.fps / 3600

    def lines(self, most: int = 40) -> list[str]:
        """Return lines for the log: the first notes, the first skipped takes, and the totals."""
        notes = [f'{outcome.name}: {note}' for outcome in self.prepared for note in outcome.notes]
        skipped = [f'{outcome.name}: skipped: {outcome.skipped}' for outcome in self.skipped]
        lines = []
        for part in (notes, skipped):
            lines += part[:most]
            if len(part) > most:
                lines.append(f'.. and {len(part) - most} more, see {REPORT}')
        lines.append(
            f'{self.source} ({self.kind}): {len(self.prepared)} takes prepared, '
            f'{self.hours:.2f} h; {len(self.skipped)} skipped'
        )
        return lines

    def write(self, folder: Path) -> None:
        """Write report.json.

        Raises:
            InputError: the folder cannot be written.
        """
        content = {
            'source': str(self.source),
            'kind': self.kind,
            'hours': round(self.hours, 4),
            'prepared': [
                {'name': outcome.name, 'frames': outcome.frames, 'notes': outcome.notes}
                for outcome in self.prepared
            ],
            'skipped': [
                {'name': outcome.name, 'reason': outcome.skipped} for outcome in self.skipped
            ],
        }
        with atomic_path(folder / REPORT) as temporary:
            temporary.write_text(json.dumps(content, indent=1) + '\n')
