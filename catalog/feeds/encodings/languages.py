"""How well bytes read as text of a language, for each encoding in which such text is usually written.

The measure is the log-likelihood of the characters beyond ASCII under a coarse model: each letter of the language's
alphabet is equally likely, signs are less so, and anything else, or a sign or a capital within a word, hardly happens.
"""

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

SIGNS = frozenset("€£¥©®™°²³½¼¾«»„“”‘’‚–—…•·×±§µªº¿¡‰‹›Øø№、。・「」『』【】")  # noqa: RUF001
SIGN, STRANGE = math.log(0.05 / 60), math.log(1e-6)
# Spaces that do not break and soft hyphens: where there are any, there are many, and they stand within words, too.
UNSEEN, UNSEEN_SHARE = "\u00a0\u00ad", math.log(0.2)
# Greek, Cyrillic, Hebrew, Arabic, Thai: letters that no word has beside Latin ones.
APART = range(0x0370, 0x0E80)
PLAIN = math.log(1 / 60)  # an ASCII character, which in another reading may be half of a letter
FULL_WIDTH = range(0xFF01, 0xFF5F)


@dataclass(frozen=True)
class Language:
    """alphabet: letters beyond ASCII, in lower case; ranges: further ones, each with how often it is met and how many
    characters of it are in use.
    """

    alphabet: str = ""
    ranges: Sequence[tuple[int, int, float, int]] = ()

    @cached_property
    def letters(self) -> frozenset[str]:
        return frozenset(self.alphabet + self.alphabet.upper())

    @cached_property
    def letter(self) -> float:
        return math.log(0.9 / max(1, len(self.alphabet)))

    def likelihood(self, letter: str) -> float:
        if letter in self.letters:
            return self.letter
        if letter in UNSEEN:
            return UNSEEN_SHARE
        place = ord(letter)
        for first, last, share, count in self.ranges:
            if first <= place <= last:
                return math.log(share / count)
        return SIGN if letter in SIGNS or place in FULL_WIDTH else STRANGE


KANA, HANZI, HANGUL = (0x3040, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3)
# In names of brands, also among Chinese words.
ACCENTED = (0xE0, 0xFF, 0.01, 32)
WESTERN = (
    Language("äöüß"),
    Language("àâçéèêëîïôœùûüæ"),
    Language("áéíóúñü"),
    Language("àéèìòù"),
    Language("áâãàçéêíóôõú"),
    Language("åäöøæé"),
    Language("éëïöüèáóú"),
    Language("áðéíóúýþæö"),
    Language("àáâäåæçéèêëíìîïñóòôöœøúùûüß"),
)
CENTRAL = (
    Language("ąćęłńóśźż"),
    Language("áčďéěíňóřšťúůýž"),
    Language("áäčďéíĺľňóôŕšťúýž"),
    Language("áéíóöőúüű"),
    Language("čćđšž"),
    Language("ăâîşţ"),
    Language("äöüß"),
    Language("ąćęłńóśźżáčďéěíňřšťúůýžäôőöüűđß"),
)
CYRILLIC = (Language("абвгдежзийклмнопрстуфхцчшщъыьэюяё"), Language("абвгґдеєжзиіїйклмнопрстуфхцчшщьюя'"))
JAPANESE = (Language("", ((*KANA, 0.55, 160), (*HANZI, 0.4, 2_500), (0xFF61, 0xFF9F, 0.01, 60), ACCENTED)),)
CHINESE = (Language("", ((*HANZI, 0.93, 3_500), (*KANA, 0.001, 160), ACCENTED)),)
KOREAN = (Language("", ((*HANGUL, 0.94, 2_000), (*HANZI, 0.004, 3_500), ACCENTED)),)
# The usual encodings, the commoner first: of two that read all the bytes alike, the first is taken.
ENCODINGS: Mapping[str, tuple[Language, ...]] = {
    "windows-1252": WESTERN,
    "iso-8859-15": WESTERN,
    "macintosh": WESTERN,
    "windows-1250": CENTRAL,
    "iso-8859-2": CENTRAL,
    "windows-1251": CYRILLIC,
    "koi8-r": CYRILLIC[:1],
    "windows-1253": (Language("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋ"),),
    "windows-1254": (Language("çğıöşüâîû" + "İ"),),
    "windows-1255": (Language("אבגדהוזחטיךכלםמןנסעףפץצקרשת"),),
    "windows-1256": (Language("ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي"),),
    "windows-1257": (Language("ąčęėįšųūž"), Language("āčēģīķļņšūž"), Language("äöõüšž")),
    "cp874": (Language("", ((0x0E01, 0x0E5B, 0.95, 80),)),),
    "cp932": JAPANESE,
    "euc-jp": JAPANESE,
    "gb18030": CHINESE,
    "cp950": CHINESE,
    "cp949": KOREAN,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """The sample in one encoding. score: its log-likelihood; strange: the share of characters no text would have."""

    encoding: str
    text: str
    score: float
    strange: float


def readings(sample: bytes) -> list[Reading]:
    """The ways in which the sample can be read, the likeliest first; of those that give the same text, one."""
    found: dict[str, Reading] = {}
    for encoding, languages in ENCODINGS.items():
        try:
            text = sample.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text not in found:
            counts = foreign(text)
            plain = PLAIN * (len(text) - sum(counts.values()))
            score, strange = max((judged(counts, language) for language in languages), key=lambda pair: pair[0])
            found[text] = Reading(encoding, text, score + plain, strange)
    return sorted(found.values(), key=lambda reading: -reading.score)


def foreign(text: str) -> dict[tuple[str, bool], int]:
    """(character beyond ASCII, whether it stands where none would) -> how often."""
    counts: dict[tuple[str, bool], int] = {}
    for before, letter, after in zip(" " + text, text, text[1:] + " ", strict=False):
        if letter > "\x7f":
            key = letter, misplaced(before, letter, after)
            counts[key] = counts.get(key, 0) + 1
    return counts


def misplaced(before: str, letter: str, after: str) -> bool:
    """A capital behind a small letter; a letter among those of another script; a sign within a word."""
    if letter in UNSEEN:
        return False
    if letter.isalpha():
        among_latin = ord(letter) in APART and any(one.isascii() and one.isalpha() for one in (before, after))
        return among_latin or (before.islower() and letter.isupper())
    return before.isalpha() and after.isalpha() and unicodedata.category(letter) not in ("Pd", "Pi", "Pf", "Po", "Mn")


def judged(counts: Mapping[tuple[str, bool], int], language: Language) -> tuple[float, float]:
    score, strange, total = 0.0, 0, 0
    for (letter, wrong), count in counts.items():
        likelihood = STRANGE if wrong else language.likelihood(letter)
        score += count * likelihood
        strange += count * (likelihood == STRANGE)
        total += count
    return score, strange / max(1, total)
