"""Invented parties: how the books write a name, and what banks make of it."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass


def _table(text: str) -> dict[str, list[str]]:
    """Words by language; a line begins with the language's key and a colon, its words may run on."""
    found: dict[str, list[str]] = {}
    for word in text.split():
        if word.endswith(":"):
            found[word[:-1]] = []
        else:
            found[next(reversed(found))].append(word)
    return found


def _letters(script: str, sounds: str) -> dict[str, str]:
    return dict(zip(script, sounds.split(), strict=True))


_STEMS = _table("""
    de: Stein Hoch Wald Berg Lang Ober Nieder Kirch Feld Brunn Hirsch Rauch Wild Eich
    fr: Bel Mont Val Ros Char Gir Laf Mar Per Sauv Beau Den
    es: Mart Rodr Gonz Vel Alv Ram Dom Jim Fern Ben Sal Mor
    pl: Kowal Wiśn Lewand Zieliń Kamiń Krawcz Nowak Mazur Olsz Wrób Sobcz Baran
    el: Παπ Καρ Νικολ Αντων Βασιλ Μανωλ Κωστ Πετρ Λαζαρ Σταυρ Γιανν Δημ
    ru: Иван Петр Кузнец Сокол Мороз Волк Зайц Павл Степан Жук Чернов Лебед
    ja: Ta Naka Mori Ishi Oka Hara Kawa Sato Kita Mura Taka Hashi
    en: Black Hart Win Ash Thorn Brad Kings Hol Whit Mar Lang Clif
    sv: Berg Lind Sand Ek Ström Hag Norr Dal Sjö Gran Alm Björk
""")
_ENDINGS = _table("""
    de: berger meier hofer mann bauer inger ner
    fr: ard ier eau et illon mont in
    es: ínez íguez ález arez os uña
    pl: ski czyk owski ak ewicz ka
    el: όπουλος ίδης άκης ούλης έας άτος
    ru: ов енко ский ин чук ова
    ja: mura da moto yama shima zawa
    en: ley wood ford ton worth man
    sv: ström qvist gren man dahl berg
""")
_FIRST = _table("""
    de: Jürgen Käthe Lukas Sabine Thomas Björn Ulrike Stefan Gisela Matthias Anneliese Günter Heike Rolf
    fr: Aurélie Benoît Camille Thierry Hélène Gaël Sylvie Étienne Margaux Loïc Noémie Guillaume Solène
    es: Íñigo Lucía Andrés Begoña Joaquín Nuria Sebastián Rocío Álvaro Inés Germán Pilar Raúl Ximena
    pl: Łukasz Agnieszka Paweł Małgorzata Zbigniew Katarzyna Grzegorz Bożena Wojciech Świętosława Jacek
    el: Γιώργος Ελένη Κώστας Παναγιώτα Δημήτρης Ευαγγελία Χρήστος Αθηνά Σπύρος Θεοδώρα Μιχάλης
    ru: Сергей Юлия Дмитрий Наталья Алексей Щербина Владимир Ксения Юрий Жанна Фёдор Евгения
    ja: Takashi Yuko Shinichi Chiharu Jun Tsuyoshi Fumiko Shoji Kenji Mitsuko Ryo Hitomi
    en: Oliver Charlotte Callum Imogen Rhys Niamh Desmond Priya Tyrone Wendy Leroy Mabel Hamish
    sv: Åsa Björn Märta Göran Ingrid Örjan Elsa Håkan Linnéa Sven Tuomas Päivi Jyrki
""")
_LAST = _table("""
    de: Müller Größler Schäfer Weißenböck Krüger Oberhuber Dörfler Jäger Voß Achleitner Brückner Kühn
    fr: Lefèvre Château Dubois-Lacroix Beaufrère Garçon Noël Péchard Marchetti Hénaff Roussel Vasseur
    es: Muñoz García Peña Ibáñez Etxeberria Núñez Ordóñez Zubiri Cifuentes Báez Ferrándiz Castaño
    pl: Wójcik Żukowski Dąbrowska Ćwikła Szczepański Grzybowski Łoś Kołodziej Świderski Gałązka Pieńkowski
    el: Παπαδόπουλος Χατζηγιάννης Οικονόμου Τσιτσάνης Ξενάκης Μπουζούκης Γεωργίου Ψαρράς Θεοφίλου Καψής
    ru: Щукин Жданова Хрущёв Цветаева Ковальчук Ярославцев Юдин Чайка Шевченко Гришин Мещеряков Быков
    ja: Yamada Fujimoto Tsukada Chiba Shimizu Ohno Kurosawa Inoue Hashizume Matsuura Jinbo Shigeta
    en: Okafor Hargreaves O'Donnell McAllister Featherstone Patel St.John Whitcombe Nwosu Pemberton Drax
    sv: Åkesson Sjöström Härkönen Lindqvist Öberg Mäkelä Ståhl Väisänen Bjørnsen Hägglund Nyström
""")
_TRADE = _table("""
    de: Werkzeugbau Gemüsehandel Schreinerei Tiefbau Lüftungstechnik Großküchen Hausverwaltung Blechtechnik
    fr: Boulangerie Menuiserie Chauffage Électricité Traiteur Papeterie Façades Vignobles Fromagerie
    es: Construcciones Azulejos Pescados Transportes Diseño Cerámicas Frutas Muebles Señalización
    pl: Budownictwo Hurtownia Usługi Piekarnia Drukarnia Części Meble Zakład Okna Przewozy
    el: Εμπορική Τεχνική Ξενοδοχεία Μεταφορές Οινοποιία Ιχθυοτροφεία Δομική Χημικά Υφάσματα
    ru: Стройтехника Хлебозавод Электромаш Торговый Мебель Цемент Юпитер Связь Агро Щит
    ja: Shoji Kogyo Denki Seisakusho Unyu Shoten Sangyo Bussan Kensetsu Insatsu Shokuhin
    en: Joinery Catering Freight Scaffolding Fabrics Optics Roofing Plumbing Marquees Cutlery Kennels
    sv: Bygg Måleri Snickeri Åkeri Plåt Städservice Kylteknik Trädgård Golv Rör Blommor
""")
_FORMS = {
    "de": ("GmbH", "GmbH & Co. KG", "e.K.", "AG", "OHG", ""),
    "fr": ("SARL", "SAS", "EURL", "SA", ""),
    "es": ("S.L.", "S.A.", "S.L.U.", "S. Coop.", ""),
    "pl": ("Sp. z o.o.", "S.A.", "Sp. j.", ""),
    "el": ("Α.Ε.", "Ε.Π.Ε.", "Ο.Ε.", "Ι.Κ.Ε."),
    "ru": ("ООО", "ЗАО", "АО", "ИП"),
    "ja": ("K.K.", "Co., Ltd.", "G.K.", ""),
    "en": ("Ltd", "LLP", "plc", "Inc", "LLC", "& Sons", ""),
    "sv": ("AB", "HB", "Oy", "ApS", "AS"),
}
_PLACE = _table("""
    de: Passau Görlitz Emden Würzburg Graz
    fr: Nîmes Rodez Évreux Colmar Brest
    es: Cádiz León Logroño Girona Málaga
    pl: Łódź Gdańsk Rzeszów Toruń
    el: Πάτρα Ηράκλειο Βόλος Χανιά
    ru: Тверь Казань Пермь Уфа
    ja: Kyushu Tohoku Kansai Hokkaido
    en: Leeds Tulsa Derry Fresno Perth
    sv: Luleå Växjö Oulu Århus Bergen
""")
LANGUAGES = tuple(_FIRST)
_GREEK = _letters("αβγδεζηθικλμνξοπρσςτυφχψω", "a v g d e z i th i k l m n x o p r s s t y f ch ps o")
_CYRILLIC = _letters(
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh shch _ y _ e yu ya",
)
_CYRILLIC_SHORT = _CYRILLIC | {"х": "h", "ц": "c", "й": "j", "щ": "sch", "ю": "ju", "я": "ja", "ж": "z"}
_KANA = (("tsu", "tu"), ("shi", "si"), ("sho", "siyo"), ("chi", "ti"), ("fu", "hu"), ("ji", "zi"), ("jo", "ziyo"))


@dataclass(frozen=True)
class Party:
    """Somebody in the books: `name` as the books write it, `payer` as the own bank knows the account's holder."""

    name: str
    payer: str
    language: str
    number: str
    is_person: bool = False


def person(chance: random.Random, language: str) -> str:
    """First and last name."""
    return f"{chance.choice(_FIRST[language])} {surname(chance, language)}"


def surname(chance: random.Random, language: str) -> str:
    """A family name: a well-known one, or a stem with an ending."""
    if chance.random() < 0.25:
        return chance.choice(_LAST[language])
    return chance.choice(_STEMS[language]) + chance.choice(_ENDINGS[language])


def company(chance: random.Random, language: str) -> str:
    """A firm's name with its legal form, in the order of its country."""
    trade, place, last = chance.choice(_TRADE[language]), chance.choice(_PLACE[language]), surname(chance, language)
    core = chance.choice(
        (f"{last} {trade}", f"{trade} {last}", f"{trade} {place}", f"{last} & {surname(chance, language)}")
    )
    form = chance.choice(_FORMS[language])
    if language == "ru":
        return f"{form} «{core}»"
    return f"{core} {form}".strip()


def party(chance: random.Random, language: str, number: int, *, people: float = 0.0) -> Party:
    """A party; the account may belong to a holding, an owner or a spouse, or write the name the other way round."""
    is_person = chance.random() < people
    name = person(chance, language) if is_person else company(chance, language)
    roll = chance.random()
    payer = name
    if is_person:
        first, _, last = name.partition(" ")
        if roll < 0.3:
            payer = f"{last} {first}"
        elif roll < 0.4:
            payer = f"{chance.choice(_FIRST[language])} {last}"
        elif roll < 0.5:
            payer = f"{first[0]}. {last}"
        elif roll < 0.58:
            payer = (
                f"{first} u. {chance.choice(_FIRST[language])} {last}" if language == "de" else f"{name} & {first[0]}"
            )
        elif roll < 0.63:
            payer = person(chance, language)
    elif roll < 0.08:
        payer = person(chance, language)
    elif roll < 0.16:
        payer = company(chance, language)
    elif roll < 0.24:
        payer = f"{name.split()[0]} {chance.choice(('Holding', 'Group', 'Services', 'Trading'))}"
    return Party(name, payer, language, str(number), is_person)


def latin(text: str, chance: random.Random) -> str:
    """What a bank without accents or other scripts makes of a name; how depends on the bank (`chance`)."""
    table = {**_GREEK, **chance.choice((_CYRILLIC, _CYRILLIC_SHORT))}
    umlauts = chance.choice((str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa"}), str.maketrans({})))
    out = []
    for letter in text.replace("ß", "ss").replace("ł", "l").replace("Ł", "L").replace("ø", "o").translate(umlauts):
        plain = "".join(c for c in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(c))
        low = table.get(plain.lower(), table.get(letter.lower(), plain)).replace("_", "")
        out.append(low.capitalize() if letter.isupper() else low)
    return "".join(out).replace("«", '"').replace("»", '"')


def kana(text: str) -> str:
    """A Japanese name as read off a bank's syllables."""
    low = text.lower()
    for old, new in _KANA:
        low = low.replace(old, new)
    return low
