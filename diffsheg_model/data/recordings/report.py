"""What became of every take that `diffsheg prepare` found."""

import json
from dataclasses import dataclass
from pathlib import Path

from diffsheg_model.files.atomic import atomic_path

REPORT = 'report.json'


@dataclass(frozen=True)
class TakeOutcome:
    """One take.

    Attributes:
        name: of the take.
        frames: that were written; 0 where it was skipped.
        notes: what was found and mended.
        skipped: why it was left out, one line; empty where it was not.
    """

    name: str
    frames: int = 0
    notes: tuple[str, ...] = ()
    skipped: str = ''


@dataclass(frozen=True)
class PrepareReport:
    """All takes of a folder.

    Attributes:
        source: the folder.
        kind: of its recordings.
        fps: frames a second of what was written.
        outcomes: of its takes, by name.
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
        """For people: the first takes with notes, the first that were skipped, and the sums."""
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
        """Writes report.json.

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
