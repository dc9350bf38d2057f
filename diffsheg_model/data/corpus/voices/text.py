"""Sentences for the voices: an English phrase grammar, random words in other languages.

The grammar has some 10^12 sentences, so hours of speech do not repeat.
"""

import numpy as np

from diffsheg_model.data.corpus.voices.words import WORDS

ENGLISH = 'en'

_NOUNS = (
    'apple autumn baby balloon basement beach bottle bridge brother bubble bush camera captain '
    'castle chamber cheese chimney church circle city cloud coffee cousin daughter doctor dolphin '
    'elephant engine evening family farmer father feather festival fire flower forest friend '
    'garden giraffe glove hammer harbour honey house island jacket journey judge juice kettle '
    'kitchen ladder lemon letter library machine map market measure melody memory mirror moment '
    'monkey month morning mother mountain movie museum mushroom music number ocean office onion '
    'opera orange oven paper party path people pepper piano picture planet pocket potato problem '
    'pumpkin question radio railway rainbow river road robot rocket roof room school season '
    'shadow sheep ship shoe shop shoulder sister soup spoon stone storm story student summer '
    'table teacher telephone theatre thumb tower train travel treasure tree umbrella uncle '
    'valley vegetable village violin voice volcano wall watch water weather wedding wheel whistle '
    'window winter woman word world yard year zebra'
).split()
_ADJECTIVES = (
    'amazing ancient angry beautiful big blue bold brave brown busy calm cheap clean clever '
    'cold curious dark deep different empty enormous famous fast foreign fresh full funny gentle '
    'golden green happy heavy huge important invisible large lazy long loud lovely lucky modern '
    'narrow new noisy obvious odd old open perfect popular possible proud purple quiet rough round '
    'serious shallow sharp short simple small smooth soft special strange strong sweet tall thin '
    'unusual useful valuable warm weak wet white whole wide wild wise wonderful wooden yellow young'
).split()
_VERBS = (
    'admired avoided believed borrowed bought brought built called carried caught changed chose '
    'cleaned copied counted covered described discovered drew enjoyed examined followed forgot '
    'found gave heard helped imagined improved invented kept left liked lost loved made measured '
    'mentioned missed moved needed noticed offered opened ordered painted pictured planned '
    'prepared promised published pulled pushed reached remembered removed repaired saved sold '
    'searched shared showed shut studied supposed surrounded taught threw touched used visited '
    'wanted washed watched wove wrapped'
).split()
_ADVERBS = (
    'always actually almost already beautifully carefully easily finally hardly honestly mostly '
    'never nearly often only perhaps probably quickly quietly rarely really simply slowly '
    'somehow sometimes suddenly usually very'
).split()
_PEOPLE = (
    'my father|my mother|our neighbour|the old man|the young woman|every visitor|some people|'
    'nobody|everybody|the whole family|both of us|you and I|she|he|they|we|I|the mayor|a boy|'
    'three farmers|the workers|the other half|Bob|Emma|Philip|Ruth|George|Vivian|Oscar|Wilma'
).split('|')
_PLACES = (
    'in the middle of the room|above the water|behind the house|by the window|near the old bridge|'
    'on the other side of the river|under the table|in front of the shop|between two hills|'
    'at the end of the road|over there|far away from home|up in the mountains|at school|outside'
).split('|')
_TIMES = (
    'yesterday|last week|in the morning|a few months ago|on Monday|before breakfast|every evening|'
    'in the summer|after a long walk|at noon|once a year|for the first time|this year|'
    'two hours later|while it was raining|as soon as possible'
).split('|')
_OPENERS = (
    'well|so|you know|of course|in fact|to be honest|for example|by the way|now|look|listen|oh|'
    'I think that|I mean|the point is that|as far as I know|believe me|what matters is that|'
    'on the one hand|on the other hand|first of all|above all|after all|maybe'
).split('|')
_LINKS = (
    'and|but|because|so|although|while|and then|but after that|which is why|even though|until'
).split('|')
_QUESTIONS = (
    'Who {verb} {object}?|Why would {person} have {verb} {object}?|Do you remember {object}?|'
    'Have you ever seen {object} {place}?|What about {object}?|Where is {object}?|'
    'How much {noun} do you need?|Would you move {object}?'
).split('|')
_SHORT = (
    'Absolutely.|Yes, exactly.|No, not at all.|Wonderful!|Thank you very much.|Oh, really?|'
    'I do not know.|Let me show you.|That is the problem.|Wait a moment.|Here we are.|'
    'Why not?|Good morning, everybody.|Welcome back.|Of course, of course.|More or less.|'
    'Above, below, and all around.|Five, four, three, two, one.|Push it, pull it, open it.'
).split('|')


def _pick(rng: np.random.Generator, words: list[str] | tuple[str, ...]) -> str:
    return words[int(rng.integers(len(words)))]


def _noun_phrase(rng: np.random.Generator) -> str:
    article = _pick(rng, ['the', 'a', 'the', 'that', 'my', 'our', 'one', 'this', 'every', 'some'])
    words = [_pick(rng, _NOUNS)]
    for _ in range(int(rng.choice([0, 1, 1, 2]))):
        words.insert(0, _pick(rng, _ADJECTIVES))
    if rng.random() < 0.1:
        words.insert(0, 'very')
    if article == 'a' and words[0][0] in 'aeiou':
        article = 'an'
    phrase = ' '.join([article, *words])
    return phrase + ' of ' + _noun_phrase(rng) if rng.random() < 0.1 else phrase


def _clause(rng: np.random.Generator) -> str:
    parts = [_pick(rng, _PEOPLE) if rng.random() < 0.7 else _noun_phrase(rng)]
    if rng.random() < 0.3:
        parts.append(_pick(rng, _ADVERBS))
    parts += [_pick(rng, _VERBS), _noun_phrase(rng)]
    if rng.random() < 0.35:
        parts.append(_pick(rng, _PLACES))
    if rng.random() < 0.25:
        parts.append(_pick(rng, _TIMES))
    return ' '.join(parts)


def _english(rng: np.random.Generator) -> str:
    kind = rng.random()
    if kind < 0.12:
        return _pick(rng, _SHORT)
    if kind < 0.24:
        return _pick(rng, _QUESTIONS).format(
            verb=_pick(rng, _VERBS),
            object=_noun_phrase(rng),
            person=_pick(rng, _PEOPLE),
            place=_pick(rng, _PLACES),
            noun=_pick(rng, _NOUNS),
        )
    text = _clause(rng)
    if rng.random() < 0.45:
        text = f'{_pick(rng, _OPENERS)}, {text}'
    if rng.random() < 0.4:
        text = f'{text}, {_pick(rng, _LINKS)} {_clause(rng)}'
    if rng.random() < 0.15:
        text = f'{_pick(rng, _TIMES)}, {text}'
    return text[0].upper() + text[1:] + ('!' if rng.random() < 0.1 else '.')


def sentence(language: str, rng: np.random.Generator) -> str:
    """Draw one sentence in English or a language of WORDS."""
    if language == ENGLISH:
        return _english(rng)
    words = WORDS[language]
    chosen = [_pick(rng, words) for _ in range(int(rng.integers(3, 11)))]
    if len(chosen) > 5:
        chosen[len(chosen) // 2] += ','
    separator = '' if language == 'ja' else ' '
    return separator.join(chosen) + '.'
