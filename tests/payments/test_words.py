import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.errors import AmountNotInWords
from payments.words import LANGUAGES, MAX, in_words, number_in_words
from pricing.money import Money

ENGLISH = {
    0: "zero", 1: "one", 13: "thirteen", 20: "twenty", 21: "twenty-one", 100: "one hundred",
    342: "three hundred forty-two", 1_000: "one thousand", 1_001: "one thousand one",
    5_095_722: "five million ninety-five thousand seven hundred twenty-two",
    10**9: "one billion", 10**12 + 1: "one trillion one", 10**15: "one quadrillion",
}  # fmt: skip
FRENCH = {
    0: "zéro", 1: "un", 16: "seize", 17: "dix-sept", 20: "vingt", 21: "vingt et un", 22: "vingt-deux",
    70: "soixante-dix", 71: "soixante et onze", 72: "soixante-douze", 79: "soixante-dix-neuf", 61: "soixante et un",
    80: "quatre-vingts", 81: "quatre-vingt-un", 90: "quatre-vingt-dix", 91: "quatre-vingt-onze",
    99: "quatre-vingt-dix-neuf", 100: "cent", 101: "cent un", 180: "cent quatre-vingts", 200: "deux cents",
    201: "deux cent un", 280: "deux cent quatre-vingts", 1_000: "mille", 1_080: "mille quatre-vingts",
    2_000: "deux mille", 80_000: "quatre-vingt mille", 81_000: "quatre-vingt-un mille", 200_000: "deux cent mille",
    280_000: "deux cent quatre-vingt mille", 200_200: "deux cent mille deux cents",
    1_000_000: "un million", 80_000_000: "quatre-vingts millions", 200_000_000: "deux cents millions",
    300_000_300: "trois cents millions trois cents",
    5_095_722: "cinq millions quatre-vingt-quinze mille sept cent vingt-deux",
    10**9: "un milliard", 2 * 10**9: "deux milliards", 10**12: "un billion", 10**15: "un billiard",
}  # fmt: skip
SPANISH = {
    0: "cero", 1: "un", 16: "dieciséis", 21: "veintiún", 22: "veintidós", 26: "veintiséis", 30: "treinta",
    31: "treinta y un", 100: "cien", 101: "ciento un", 121: "ciento veintiún", 500: "quinientos",
    700: "setecientos", 900: "novecientos", 999: "novecientos noventa y nueve", 1_000: "mil", 1_100: "mil cien",
    21_000: "veintiún mil", 31_000: "treinta y un mil", 100_000: "cien mil", 101_000: "ciento un mil",
    1_000_000: "un millón", 2_000_000: "dos millones", 21_000_000: "veintiún millones",
    5_095_722: "cinco millones noventa y cinco mil setecientos veintidós",
    10**9: "mil millones", 1_500_000_000: "mil quinientos millones", 10**12: "un billón",
    2 * 10**12 + 1: "dos billones un", 10**15: "mil billones",
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "number", "words"),
    [(language, n, w) for language, table in (("en", ENGLISH), ("fr", FRENCH), ("es", SPANISH))
     for n, w in table.items()],
)  # fmt: skip
def test_numbers_are_spelled_as_the_language_does(language, number, words):
    assert number_in_words(number, language) == words


@pytest.mark.parametrize(
    ("minor", "currency", "language", "words"),
    [
        (1_000_000, "XOF", "fr", "un million de francs CFA"),
        (2_000_000, "XOF", "es", "dos millones de francos CFA"),
        (1_000_000, "XOF", "en", "one million CFA francs"),
        (1_000_001, "XOF", "fr", "un million un francs CFA"),
        (10**9, "XOF", "fr", "un milliard de francs CFA"),
        (10**9, "XOF", "es", "mil millones de francos CFA"),
        (1_200_000, "XOF", "fr", "un million deux cent mille francs CFA"),
        (1, "XOF", "fr", "un franc CFA"),
        (1, "XOF", "es", "un franco CFA"),
        (0, "XOF", "fr", "zéro franc CFA"),
        (0, "XOF", "en", "zero CFA francs"),
        (21, "XOF", "es", "veintiún francos CFA"),
        (12_05, "EUR", "en", "twelve euros and 05/100"),
        (1_000_000_00, "EUR", "fr", "un million d'euros et 00/100"),
        (1_00, "EUR", "es", "un euro con 00/100"),
        (1_234, "TND", "fr", "un TND et 234/1000"),
    ],
)
def test_amounts_are_said_with_their_currency(minor, currency, language, words):
    assert in_words(Money(minor, currency), language) == words


@pytest.mark.parametrize("number", [-1, MAX + 1])
def test_what_has_no_words_is_refused(number):
    for language in LANGUAGES:
        with pytest.raises(AmountNotInWords):
            number_in_words(number, language)


def test_an_amount_below_zero_has_no_words():
    with pytest.raises(AmountNotInWords):
        in_words(Money(-1, "EUR"), "fr")


def value_en(words):
    """Reads English words back: an independent, simpler machine."""
    small = {w: n for n, w in ENGLISH.items() if n <= 20}
    small |= {number_in_words(n, "en"): n for n in range(20)}
    tens = {
        w: 10 * n
        for n, w in enumerate(
            ["-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
        )
    }
    scales = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12, "quadrillion": 15}
    total = group = 0
    for word in words.replace("-", " ").split():
        if word == "hundred":
            group *= 100
        elif word in scales:
            total, group = total + group * 10 ** scales[word], 0
        else:
            group += small.get(word, tens.get(word, 0))
    return total + group


@given(st.integers(0, MAX))
def test_english_words_say_the_number(number):
    assert value_en(number_in_words(number, "en")) == number


@given(st.integers(0, MAX), st.integers(0, MAX), st.sampled_from(LANGUAGES))
def test_two_numbers_never_have_the_same_words(one, other, language):
    assert (number_in_words(one, language) == number_in_words(other, language)) == (one == other)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_below_ten_thousand_has_its_own_words(language):
    words = [number_in_words(n, language) for n in range(10_000)]
    assert len(set(words)) == 10_000
    assert all("  " not in w and w == w.strip() and "- " not in w for w in words)
