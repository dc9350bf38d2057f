"""torch.compile keeps its code in a folder that no other user can write."""

import os
import stat
import subprocess
import sys
from pathlib import Path

from tests.support.paths import ROOT

PROGRAM = (
    'import os, sys; from pathlib import Path\n'
    'from diffsheg_model.engines.compiled_code import keep_compiled_code\n'
    'keep_compiled_code(Path(sys.argv[1]))\n'
    'folder = os.environ["TORCHINDUCTOR_CACHE_DIR"]\n'
    'print(folder, oct(os.stat(folder).st_mode & 0o777))\n'
)


def chosen(folder: Path, **environment: str) -> tuple[Path, str]:
    known = {k: v for k, v in os.environ.items() if k != 'TORCHINDUCTOR_CACHE_DIR'}
    ran = subprocess.run(
        [sys.executable, '-c', PROGRAM, folder], cwd=ROOT, env={**known, **environment},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    path, mode = ran.stdout.split()
    return Path(path), mode


def test_compiled_code_is_kept_for_this_user_alone(tmp_path):
    folder = tmp_path / 'cache' / 'inductor'
    assert chosen(folder) == (folder, '0o700')
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    folder.parent.chmod(0o777)
    other, mode = chosen(folder)
    assert other.parent == Path(os.environ.get('TMPDIR', '/tmp')) and mode == '0o700'
    assert not other.exists()  # it went with its process


def test_a_folder_that_the_user_has_chosen_is_left_alone(tmp_path):
    folder, _ = chosen(tmp_path / 'unused', TORCHINDUCTOR_CACHE_DIR=str(tmp_path))
    assert folder == tmp_path and not (tmp_path / 'unused').exists()
