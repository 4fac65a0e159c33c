"""Letter tables: other scripts and special letters to plain Latin, as banks print them."""

from __future__ import annotations

_CYRILLIC = dict(
    zip(
        "абвгдезийклмнопрстуфцыэіїєґў",
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "e",
            "z",
            "i",
            "i",
            "k",
            "l",
            "m",
            "n",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "f",
            "ts",
            "y",
            "e",
            "i",
            "i",
            "ie",
            "g",
            "u",
        ],
        strict=True,
    )
) | {
    "ж": "zh",
    "х": "kh",
    "ч": "ch",
    "ш": "sh",
    "щ": "shch",
    "ъ": "",
    "ь": "",
    "ю": "yu",
    "я": "ya",
    "ё": "e",
    "ђ": "dj",
    "ј": "j",
    "љ": "lj",
    "њ": "nj",
    "ћ": "c",
    "џ": "dz",
}

_GREEK = dict(
    zip(
        "αβγδεζηικλμνξοπρσςτυφω",
        ["a", "v", "g", "d", "e", "z", "i", "i", "k", "l", "m", "n", "x", "o", "p", "r", "s", "s", "t", "y", "f", "o"],
        strict=True,
    )
) | {"θ": "th", "χ": "ch", "ψ": "ps"}

_LATIN = {
    "ß": "ss",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "æ": "ae",
    "œ": "oe",
    "ı": "i",
    "ħ": "h",
    "ŋ": "n",
    "’": "'",
    "`": "'",
    "´": "'",
}

TABLE = str.maketrans(_CYRILLIC | _GREEK | _LATIN)

# Spellings that differ only by habit of transliteration or by umlaut digraphs; applied to both sides, in this order.
SAME_SOUND = (
    ("shi", "si"),
    ("chi", "ti"),
    ("tsu", "tu"),
    ("fu", "hu"),
    ("ji", "zi"),
    ("kh", "h"),
    ("ts", "c"),
    ("ck", "k"),
    ("ph", "f"),
    ("ou", "u"),
    ("ae", "a"),
    ("oe", "o"),
    ("ue", "u"),
    ("y", "i"),
    ("j", "i"),
    ("w", "v"),
)
