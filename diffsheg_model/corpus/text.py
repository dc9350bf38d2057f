"""Sentences for the voices: an English phrase grammar and word lists of other languages.

The words are chosen for phones, not for sense: every list covers closed lips (p b m), teeth on lip
(f v), rounding (o u w sh), wide vowels and spread ones. English has some 10^12 sentences, so hours
do not repeat; other languages are strings of words, enough for a mouth.
"""

import numpy as np

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
    'amazing ancient angry beautiful big blue bold brave brown busy calm careful cheap clean clever '
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
    'in the summer|after a long walk|at five o\'clock|once a year|for the first time|this year|'
    'two hours later|while it was raining|as soon as possible'
).split('|')
_OPENERS = (
    'well|so|you know|of course|in fact|to be honest|for example|by the way|now|look|listen|oh|'
    'I think that|I mean|the point is that|as far as I know|believe me|what matters is that|'
    'on the one hand|on the other hand|first of all|above all|after all|maybe'
).split('|')
_LINKS = (
    'and|but|because|so|although|while|and then|but after that|which is why|even though|before|until'
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

WORDS = {
    'en': (),
    'cs': (
        'dobrý den krásné počasí pes kočka máma táta babička voda dům okno město vesnice řeka most '
        'pivo mléko chléb máslo ovoce jablko švestka kůň ryba pták žlutý modrý bílý velký malý '
        'nový starý mluví píše vidí slyší chodí běží vaří pije jí má není byl bude proto ale také '
        'když že ještě vždycky možná opravdu pomalu rychle dnes zítra večer ráno pohádka hudba'
    ),
    'it': (
        'buongiorno mamma papà amico bambino bambina casa città piazza ponte fiume mare montagna '
        'pane burro formaggio vino acqua mela pomodoro libro lettera musica parola tempo giorno '
        'notte sera mattina bello grande piccolo nuovo vecchio rosso verde bianco parla mangia '
        'beve vede sente compra porta aspetta vuole bisogna dove quando perché sempre mai forse '
        'davvero subito oggi domani uomo uova fuoco giusto scuola'
    ),
    'fi': (
        'hyvää päivää äiti isä poika tyttö koira kissa talo ovi ikkuna kaupunki kylä joki silta '
        'maito leipä voi kahvi puuro omena peruna metsä meri saari vuori kuu aurinko ilma sade '
        'lumi vanha uusi pieni suuri kaunis sininen vihreä puhuu kulkee juo syö ostaa kuuntelee '
        'katsoo odottaa nyt huomenna tänään aina ehkä hyvin nopeasti hitaasti yö työ löytää öljy'
    ),
    'ru': (
        'добрый день мама папа бабушка собака кошка дом окно город деревня река мост море гора '
        'хлеб масло молоко вода вино яблоко рыба птица музыка слово письмо книга школа утро вечер '
        'ночь погода новый старый большой маленький белый жёлтый голубой говорит пишет видит '
        'любит поёт пьёт ждёт сегодня завтра всегда может быть потом очень медленно быстро'
    ),
    'ca': (
        'bon dia mare pare amic amiga casa ciutat poble plaça pont riu mar muntanya pa vi aigua '
        'poma llibre carta música paraula temps dia nit vespre gran petit nou vell blau verd blanc '
        'parla menja beu veu sent compra porta espera vol avui demà sempre mai potser molt '
        'xocolata lluna lluny ull fulla foc joc metge'
    ),
    'de': (
        'guten Morgen Mutter Vater Bruder Schwester Haus Fenster Stadt Brücke Fluss Berg Meer Brot '
        'Butter Milch Wasser Apfel Bücher Musik Wort Schule Abend schön groß klein neu alt blau '
        'grün weiß spricht schreibt sieht hört läuft kocht trinkt wartet heute morgen immer '
        'vielleicht wirklich langsam schnell früh über unter zwischen fröhlich möglich Mühe Pfeffer'
    ),
    'fr': (
        'bonjour maman papa ami maison fenêtre ville pont fleuve mer montagne pain beurre fromage '
        'vin eau pomme livre lettre musique mot école soir matin beau grand petit nouveau vieux '
        'bleu vert blanc parle mange boit voit écoute achète porte attend veut aujourd\'hui demain '
        'toujours jamais peut-être vraiment doucement beaucoup pourquoi lune rue feu jeu œuf voiture'
    ),
    'es': (
        'buenos días mamá papá amigo niña casa ventana ciudad puente río mar montaña pan mantequilla '
        'queso vino agua manzana libro carta música palabra escuela tarde noche bonito grande pequeño '
        'nuevo viejo azul verde blanco habla come bebe ve escucha compra lleva espera quiere hoy '
        'mañana siempre nunca quizás mucho poco huevo fuego juego abuela'
    ),
    'pl': (
        'dzień dobry mama tata babcia pies kot dom okno miasto wieś rzeka most morze góra chleb '
        'masło mleko woda jabłko książka list muzyka słowo szkoła wieczór piękny duży mały nowy '
        'stary niebieski zielony biały mówi pisze widzi słucha kupuje pije je czeka dzisiaj jutro '
        'zawsze może bardzo wolno szybko żółty chłopiec łóżko'
    ),
    'cmn': (
        'ni3hao3 ma1ma5 ba4ba5 peng2you5 wo3men5 ta1men5 jin1tian1 ming2tian1 zuo2tian1 wan3shang5 '
        'zao3shang5 tian1qi4 xia4yu3 fang2zi5 chuang1hu5 cheng2shi4 qiao2 he2 da4hai3 shan1 '
        'mian4bao1 niu2nai3 shui3 ping2guo3 pu2tao5 shu1 yin1yue4 xue2xiao4 lao3shi1 xue2sheng5 '
        'yi1sheng1 hong2se4 lan2se4 lv4se4 bai2se4 da4 xiao3 xin1 jiu4 shuo1hua4 xie3zi4 kan4jian4 '
        'ting1shuo1 pao3bu4 he1cha2 chi1fan4 mai3 mai4 deng3 xiang3 yao4 ke3yi3 bu2yao4 dan4shi4 '
        'yin1wei4 suo3yi3 fei1chang2 man4man4 kuai4 fa3lv4 fei1ji1 mo1 mu4tou5 pu3tong1 bu4fen5 '
        'bao3hu4 ban4fa3 bi3jiao4 bo1li5 yu2 nv3er2 yu3san3 yong4 you3 you2yong3 wo3 duo1shao5 '
        'hua1 wai4mian4 wen4ti2 wei2hu4 shi4jie4 shi2 shi2jian1 zhi1shi5 ri4zi5 ou3er3 wu3 zuo4'
    ),
    'ja': (
        'おはよう おかあさん おとうさん ともだち いえ まど まち はし かわ うみ やま パン ぎゅうにゅう みず '
        'りんご ほん おんがく がっこう せんせい ゆうがた きれい おおきい ちいさい あたらしい ふるい あおい '
        'しろい はなす かく みる きく のむ たべる まつ きょう あした いつも たぶん ほんとう ゆっくり はやく'
    ),
    'tr': (
        'günaydın anne baba kardeş köpek kedi ev pencere şehir köprü deniz dağ ekmek peynir süt su '
        'elma kitap mektup müzik söz okul akşam sabah güzel büyük küçük yeni eski mavi yeşil beyaz '
        'konuşuyor yazıyor görüyor dinliyor içiyor bekliyor bugün yarın her zaman belki çok yavaş'
    ),
}  # fmt: skip
"""Words by language code; English uses its grammar instead. Two letters as in ISO 639, or cmn (pinyin)."""


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
    """One sentence in a language of WORDS; the same generator state gives the same sentence."""
    if language == 'en':
        return _english(rng)
    words = WORDS[language].split()
    chosen = [_pick(rng, words) for _ in range(int(rng.integers(3, 11)))]
    if len(chosen) > 5:
        chosen[len(chosen) // 2] += ','
    separator = '' if language == 'ja' else ' '
    return separator.join(chosen) + '.'
