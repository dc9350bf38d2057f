"""One phone inventory for every voice, and the mapping of each synthesiser's names to it.

The inventory is ARPAbet (as in CMUdict) plus the front rounded vowels YY (French u, German ue) and
OE, and 'sil'. It covers everything visible on lips and jaw. Sounds that differ only in tongue,
voicing, tone or length are merged.
"""

import unicodedata
from dataclasses import dataclass

SILENCE = 'sil'

VOWELS = frozenset('AA AE AH AO AW AX AY EH ER EY IH IY OE OW OY UH UW YY'.split())
CONSONANTS = frozenset('B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH'.split())
INVENTORY = VOWELS | CONSONANTS | {SILENCE}


@dataclass(frozen=True)
class Phone:
    """One sound with its time.

    Attributes:
        name: a name of INVENTORY.
        start_s: start, seconds from the start of the recording.
        end_s: end, seconds; later than start_s.
        stress: 0 none, 1 the stressed syllable of a word, 2 the accented syllable of a phrase.
    """

    name: str
    start_s: float
    end_s: float
    stress: int = 0

    def __post_init__(self) -> None:
        if self.name not in INVENTORY:
            raise ValueError(f'Phone.name = {self.name!r}: must be one of {sorted(INVENTORY)}')
        if not self.end_s > self.start_s:
            raise ValueError(f'Phone.end_s = {self.end_s!r}: must be after {self.start_s!r}')

    @property
    def is_vowel(self) -> bool:
        return self.name in VOWELS

    def moved(self, offset_s: float, stretch: float = 1.0) -> 'Phone':
        """Return the phone scaled in time by stretch and then shifted by offset_s."""
        return Phone(
            self.name,
            offset_s + self.start_s * stretch,
            offset_s + self.end_s * stretch,
            self.stress,
        )


_IPA = {
    'a': 'AA', 'ɑ': 'AA', 'ɐ': 'AH', 'ä': 'AA', 'æ': 'AE', 'ʌ': 'AH', 'ə': 'AX', 'ɘ': 'AX',
    'ɵ': 'OE', 'ɚ': 'ER', 'ɝ': 'ER', 'ɜ': 'ER', 'ɔ': 'AO', 'ɒ': 'AO', 'o': 'OW', 'ɤ': 'AH',
    'e': 'EY', 'ɛ': 'EH', 'i': 'IY', 'ɪ': 'IH', 'ɨ': 'IH', 'ᵻ': 'IH', 'y': 'YY', 'ʏ': 'YY',
    'ø': 'OE', 'œ': 'OE', 'ɶ': 'OE', 'u': 'UW', 'ʊ': 'UH', 'ʉ': 'UW', 'ɯ': 'IH',
    'p': 'P', 'b': 'B', 'm': 'M', 'ɓ': 'B', 'f': 'F', 'v': 'V', 'ɱ': 'M', 'ʋ': 'V', 'ɸ': 'F',
    'β': 'V', 'w': 'W', 'ʍ': 'W', 'ɥ': 'W', 'θ': 'TH', 'ð': 'DH', 't': 'T', 'd': 'D', 'ʈ': 'T',
    'ɖ': 'D', 'n': 'N', 'ɳ': 'N', 'ɾ': 'D', 'ɽ': 'D', 's': 'S', 'z': 'Z', 'ʂ': 'SH', 'ʐ': 'ZH',
    'ɕ': 'SH', 'ʑ': 'ZH', 'ʃ': 'SH', 'ʒ': 'ZH', 'ç': 'HH', 'ʝ': 'Y', 'j': 'Y', 'ʎ': 'L',
    'l': 'L', 'ɫ': 'L', 'ɬ': 'L', 'ɭ': 'L', 'r': 'R', 'ɹ': 'R', 'ʀ': 'HH', 'ʁ': 'HH', 'ɻ': 'R',
    'ɲ': 'N', 'ŋ': 'NG', 'ɴ': 'NG', 'k': 'K', 'g': 'G', 'ɡ': 'G', 'q': 'K', 'ɢ': 'G', 'c': 'K',
    'ɟ': 'G', 'x': 'HH', 'χ': 'HH', 'ɣ': 'G', 'h': 'HH', 'ɦ': 'HH', 'ħ': 'HH', 'ʕ': 'HH',
}  # fmt: skip
_IPA_PAIRS = {
    'aʊ': 'AW', 'au': 'AW', 'ɑʊ': 'AW', 'aɪ': 'AY', 'ai': 'AY', 'ɑɪ': 'AY', 'ɔɪ': 'OY',
    'ɔø': 'OY', 'ɔʏ': 'OY', 'oɪ': 'OY', 'eɪ': 'EY', 'ei': 'EY', 'oʊ': 'OW', 'əʊ': 'OW',
    'ou': 'OW', 'tʃ': 'CH', 'dʒ': 'JH', 'tɕ': 'CH', 'dʑ': 'JH', 'ʈʂ': 'CH', 'tʂ': 'CH',
    'ts': 'S', 'dz': 'Z', 'pf': 'F',
}  # fmt: skip


def names_from_ipa(ipa: str) -> list[str]:
    """Return the inventory names of one IPA segment of espeak-ng, in order.

    Length, stress, tone and other marks are dropped. One segment may hold several sounds (a vowel
    with its r, a syllabic consonant). Unknown letters are left out, so that the list may be empty.
    """
    letters = [
        letter
        for letter in unicodedata.normalize('NFD', ipa.replace('ç', '\0'))
        if letter == '\0' or letter in _IPA
    ]
    text = ''.join('ç' if letter == '\0' else letter for letter in letters)
    names, at = [], 0
    while at < len(text):
        pair = _IPA_PAIRS.get(text[at : at + 2])
        if at == 0 or text[at] != 'h':  # an h inside a segment is aspiration
            names.append(pair or _IPA[text[at]])
        at += 2 if pair else 1
    return names


_SEGMENTS = {
    'pau': 'sil', '#': 'sil', 'h#': 'sil', 'brth': 'sil', 'axr': 'ER', 'dx': 'D', 'el': 'L',
    'em': 'M', 'en': 'N', 'nx': 'NG', 'hv': 'HH', 'a': 'AA', 'e': 'EH', 'i': 'IY', 'o': 'OW',
    'u': 'UW', 'y': 'YY', 'x': 'HH', 'j': 'Y', 'q': 'K', 'E': 'EH', 'O': 'AO', 'S': 'SH',
    'Z': 'ZH', 'N': 'NG', 'J': 'N', 'ts': 'S', 'dz': 'Z', 'tS': 'CH', 'dZ': 'JH', 'c': 'S',
    'h': 'HH', 'tz': 'S', 'LL': 'L', 'nf': 'M', 'uS': 'UW', 'iS': 'IY',
}  # fmt: skip
_SEGMENTS_OF = {
    'cs': {
        'c': 'T', 'd~': 'D', 't~': 'T', 'n~': 'N', 'c~': 'CH', 'dz~': 'JH', 's~': 'SH',
        'z~': 'ZH', 'r~': 'ZH', 'y': 'IH',
    },
    'fi': {'@': 'AE', '7': 'OE', '{': 'AE'},
    'ru': {
        'y': 'IH', 'ay': 'AH', 'ae': 'EH', 'oo': 'AO', 'uu': 'UW', 'aa': 'AA', 'ee': 'EH',
        'ii': 'IY', 'yy': 'IH', 'sch': 'SH', 'ch': 'CH', 'ur': 'UH', 'ii0': 'IY', 'h': 'HH',
    },
}  # fmt: skip


def name_from_segment(segment: str, language: str) -> str | None:
    """Return the inventory name of a flite or festival segment; None if it is not visible.

    American voices write lower-case ARPAbet. Other voices have their own letters; their stress
    digits, length marks and doubled (palatalised) consonants are removed.
    """
    own = _SEGMENTS_OF.get(language, {})
    for text in (segment, segment.rstrip('0123456789:*'), segment[:1]):
        if text in own:
            return own[text]
        if language == 'en' and text.upper() in INVENTORY:
            return text.upper()
        if text in _SEGMENTS:
            return _SEGMENTS[text]
        if text.upper() in INVENTORY:
            return text.upper()
    return None
