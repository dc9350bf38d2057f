"""Words of eleven languages for the voices.

The words were chosen for their sounds, not their sense. Every list covers closed lips (p b m),
teeth on lip (f v), rounding (o u w sh), open vowels and spread vowels.
"""

_LISTS = {
    'cs': (
        'dobrý den krásné počasí pes kočka máma táta babička voda dům okno město vesnice řeka '
        'most pivo mléko chléb máslo ovoce jablko švestka kůň ryba pták žlutý modrý bílý velký '
        'malý nový starý mluví píše vidí slyší chodí běží vaří pije jí má není byl bude proto '
        'ale také když že ještě vždycky možná opravdu pomalu rychle dnes zítra večer ráno '
        'pohádka hudba'
    ),
    'it': (
        'buongiorno mamma papà amico bambino bambina casa città piazza ponte fiume mare '
        'montagna pane burro formaggio vino acqua mela pomodoro libro lettera musica parola '
        'tempo giorno notte sera mattina bello grande piccolo nuovo vecchio rosso verde bianco '
        'parla mangia beve vede sente compra porta aspetta vuole bisogna dove quando perché '
        'sempre mai forse davvero subito oggi domani uomo uova fuoco giusto scuola'
    ),
    'fi': (
        'hyvää päivää äiti isä poika tyttö koira kissa talo ovi ikkuna kaupunki kylä joki '
        'silta maito leipä voi kahvi puuro omena peruna metsä meri saari vuori kuu aurinko '
        'ilma sade lumi vanha uusi pieni suuri kaunis sininen vihreä puhuu kulkee juo syö '
        'ostaa kuuntelee katsoo odottaa nyt huomenna tänään aina ehkä hyvin nopeasti hitaasti '
        'yö työ löytää öljy'
    ),
    'ru': (
        'добрый день мама папа бабушка собака кошка дом окно город деревня река мост море гора '
        'хлеб масло молоко вода вино яблоко рыба птица музыка слово письмо книга школа утро '
        'вечер ночь погода новый старый большой маленький белый жёлтый голубой говорит пишет '
        'видит любит поёт пьёт ждёт сегодня завтра всегда может быть потом очень медленно '
        'быстро'
    ),
    'ca': (
        'bon dia mare pare amic amiga casa ciutat poble plaça pont riu mar muntanya pa vi '
        'aigua poma llibre carta música paraula temps dia nit vespre gran petit nou vell blau '
        'verd blanc parla menja beu veu sent compra porta espera vol avui demà sempre mai '
        'potser molt xocolata lluna lluny ull fulla foc joc metge'
    ),
    'de': (
        'guten Morgen Mutter Vater Bruder Schwester Haus Fenster Stadt Brücke Fluss Berg Meer '
        'Brot Butter Milch Wasser Apfel Bücher Musik Wort Schule Abend schön groß klein neu '
        'alt blau grün weiß spricht schreibt sieht hört läuft kocht trinkt wartet heute morgen '
        'immer vielleicht wirklich langsam schnell früh über unter zwischen fröhlich möglich '
        'Mühe Pfeffer'
    ),
    'fr': (
        'bonjour maman papa ami maison fenêtre ville pont fleuve mer montagne pain beurre '
        'fromage vin eau pomme livre lettre musique mot école soir matin beau grand petit '
        'nouveau vieux bleu vert blanc parle mange boit voit écoute achète porte attend veut '
        "aujourd'hui demain toujours jamais peut-être vraiment doucement beaucoup pourquoi "
        'lune rue feu jeu œuf voiture'
    ),
    'es': (
        'buenos días mamá papá amigo niña casa ventana ciudad puente río mar montaña pan '
        'mantequilla queso vino agua manzana libro carta música palabra escuela tarde noche '
        'bonito grande pequeño nuevo viejo azul verde blanco habla come bebe ve escucha compra '
        'lleva espera quiere hoy mañana siempre nunca quizás mucho poco huevo fuego juego '
        'abuela'
    ),
    'pl': (
        'dzień dobry mama tata babcia pies kot dom okno miasto wieś rzeka most morze góra '
        'chleb masło mleko woda jabłko książka list muzyka słowo szkoła wieczór piękny duży '
        'mały nowy stary niebieski zielony biały mówi pisze widzi słucha kupuje pije je czeka '
        'dzisiaj jutro zawsze może bardzo wolno szybko żółty chłopiec łóżko'
    ),
    'cmn': (
        'ni3hao3 ma1ma5 ba4ba5 peng2you5 wo3men5 ta1men5 jin1tian1 ming2tian1 zuo2tian1 '
        'wan3shang5 zao3shang5 tian1qi4 xia4yu3 fang2zi5 chuang1hu5 cheng2shi4 qiao2 he2 '
        'da4hai3 shan1 mian4bao1 niu2nai3 shui3 ping2guo3 pu2tao5 shu1 yin1yue4 xue2xiao4 '
        'lao3shi1 xue2sheng5 yi1sheng1 hong2se4 lan2se4 lv4se4 bai2se4 da4 xiao3 xin1 jiu4 '
        'shuo1hua4 xie3zi4 kan4jian4 ting1shuo1 pao3bu4 he1cha2 chi1fan4 mai3 mai4 deng3 '
        'xiang3 yao4 ke3yi3 bu2yao4 dan4shi4 yin1wei4 suo3yi3 fei1chang2 man4man4 kuai4 fa3lv4 '
        'fei1ji1 mo1 mu4tou5 pu3tong1 bu4fen5 bao3hu4 ban4fa3 bi3jiao4 bo1li5 yu2 nv3er2 '
        'yu3san3 yong4 you3 you2yong3 wo3 duo1shao5 hua1 wai4mian4 wen4ti2 wei2hu4 shi4jie4 '
        'shi2 shi2jian1 zhi1shi5 ri4zi5 ou3er3 wu3 zuo4'
    ),
    'ja': (
        'おはよう おかあさん おとうさん ともだち いえ まど まち はし かわ うみ やま パン '
        'ぎゅうにゅう みず りんご ほん おんがく がっこう せんせい ゆうがた きれい おおきい '
        'ちいさい あたらしい ふるい あおい しろい はなす かく みる きく のむ たべる まつ '
        'きょう あした いつも たぶん ほんとう ゆっくり はやく'
    ),
    'tr': (
        'günaydın anne baba kardeş köpek kedi ev pencere şehir köprü deniz dağ ekmek peynir '
        'süt su elma kitap mektup müzik söz okul akşam sabah güzel büyük küçük yeni eski mavi '
        'yeşil beyaz konuşuyor yazıyor görüyor dinliyor içiyor bekliyor bugün yarın her zaman '
        'belki çok yavaş'
    ),
}

WORDS = {language: tuple(words.split()) for language, words in _LISTS.items()}
"""Words by language: two letters as in ISO 639, or cmn, Mandarin in pinyin with tone digits."""
