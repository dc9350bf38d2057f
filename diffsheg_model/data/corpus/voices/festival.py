"""Speech and phone times from festival: one process speaks all sentences of a take."""

import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import soundfile

from diffsheg_model.data.corpus.voices.phones import name_from_segment
from diffsheg_model.data.corpus.voices.speech import Speech, phones_from_ends
from diffsheg_model.errors import InputError

_ENCODINGS = {'cs': 'iso-8859-2', 'fi': 'iso-8859-1', 'it': 'iso-8859-1', 'ru': 'utf-8'}
_PACKAGES = {
    'kal_diphone': 'festvox-kallpc16k',
    'ked_diphone': 'festvox-kdlpc16k',
    'cmu_us_slt_arctic_hts': 'festvox-us-slt-hts',
    'czech_dita': 'festvox-czech-dita',
    'czech_machac': 'festvox-czech-machac',
    'czech_krb': 'festvox-czech-krb',
    'czech_ph': 'festvox-czech-ph',
    'lp_diphone': 'festvox-italp16k',
    'pc_diphone': 'festvox-itapc16k',
    'suo_fi_lj_diphone': 'festvox-suopuhe-lj',
    'hy_fi_mv_diphone': 'festvox-suopuhe-mv',
    'msu_ru_nsh_clunits': 'festvox-ru',
    'upc_ca_ona_hts': 'festvox-ca-ona-hts',
}
_SPEAK = """
(define (write_segment file segment)
  (format file "%s %s %s %s\\n" (item.name segment) (item.feat segment "end")
    (item.feat segment "R:SylStructure.parent.stress")
    (item.feat segment "R:SylStructure.parent.accented")))
(define (speak text name)
  (let ((utterance (eval (list 'Utterance 'Text text))) (file nil))
    (utt.synth utterance)
    (utt.save.wave utterance (string-append name ".wav") 'riff)
    (set! file (fopen (string-append name ".txt") "w"))
    (mapcar (lambda (segment) (write_segment file segment))
      (utt.relation.items utterance 'Segment))
    (fclose file)))
"""
_TIMEOUT_S = 120


@functools.cache
def installed_voices() -> frozenset[str]:
    """Return the names of the installed festival voices; empty without festival."""
    if not shutil.which('festival'):
        return frozenset()
    result = subprocess.run(
        ['festival', '-b', '(print (voice.list))'],
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    return frozenset(result.stdout.strip().strip('()').split())


def package_of(name: str) -> str:
    """Return the Debian package of a voice."""
    return _PACKAGES[name]


def speak_all(
    name: str, language: str, sentences: list[str], stretch: float, pitch_hz: float
) -> list[Speech]:
    """Speak sentences with one voice.

    Args:
        name: name of a festival voice.
        language: language of the sentences; determines the text encoding.
        sentences: texts; sentences that the voice cannot speak are left out.
        stretch: duration factor; 1 is the default speed of the voice.
        pitch_hz: mean pitch of the American diphone voices, Hz; 0 is the voice's default.

    Raises:
        InputError: festival or the voice is not installed, or it produced no speech.
    """
    if name not in installed_voices():
        raise InputError(
            f'festival voice {name!r} is not installed: apt-get install festival {_PACKAGES[name]}'
        )
    with tempfile.TemporaryDirectory(prefix='festival-') as folder:
        lines = [_SPEAK, f"(voice.select '{name})", f"(Parameter.set 'Duration_Stretch {stretch})"]
        if pitch_hz > 0:
            target = f'((target_f0_mean {pitch_hz}) (target_f0_std {0.12 * pitch_hz})'
            lines.append(f"(set! int_lr_params '{target} (model_f0_mean 170) (model_f0_std 34)))")
        for number, sentence in enumerate(sentences):
            text = sentence.replace('"', '').replace('\\', '')
            lines.append(f'(unwind-protect (speak "{text}" "{folder}/{number}"))')
        script = Path(folder) / 'speak.scm'
        encoding = _ENCODINGS.get(language, 'ascii' if language == 'en' else 'utf-8')
        script.write_bytes('\n'.join(lines).encode(encoding, 'ignore'))
        try:
            subprocess.run(
                ['festival', '-b', str(script)],
                capture_output=True,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise InputError(f'festival voice {name!r} did not finish: try another seed') from error
        spoken = [
            _read(Path(folder), number, language)
            for number in range(len(sentences))
            if (Path(folder) / f'{number}.txt').exists()
        ]
    if not spoken:
        raise InputError(
            f'festival voice {name!r} spoke nothing: apt-get install --reinstall {_PACKAGES[name]}'
        )
    return spoken


def _read(folder: Path, number: int, language: str) -> Speech:
    samples, rate = soundfile.read(folder / f'{number}.wav', dtype='float32')
    segments = []
    for line in (folder / f'{number}.txt').read_text('latin-1').splitlines():
        name, end, stress, accented = line.split()
        stressed = stress == '1'
        segments.append(
            (
                name_from_segment(name, language),
                float(end),
                int(stressed) + int(stressed and accented == '1'),
            )
        )
    return Speech(samples, rate, phones_from_ends(segments, len(samples) / rate))
