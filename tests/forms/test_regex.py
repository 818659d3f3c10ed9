"""Regular expressions: the whole text must match, in linear time, without what is not regular."""

import pytest

from forms.errors import RegexError
from forms.regex import MAX_TEXT, compile_regex


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("[0-9]{8}", "97000000", True),
        ("[0-9]{8}", "970000000", False),
        ("^01[0-9]{8}$", "0197000000", True),
        ("^(\\+229)?01\\d{8}$", "+2290197000000", True),
        ("a|bc", "bc", True),
        ("a|bc", "abc", False),
        ("(ab)*", "", True),
        ("(ab){2,3}", "abab", True),
        ("(ab){2,3}", "abababab", False),
        ("x{2,}", "xxxxx", True),
        ("\\p{L}+", "Éléonore", True),
        ("\\p{Lu}.*", "éric", False),
        ("[^\\s,]+", "a b", False),
        ("[\\w.-]+@[\\w-]+\\.[a-z]{2,}", "run@example.org", True),
        ("(?i)abc", "ABC", True),
        ("\\d", "٣", False),
        ("a.c", "a\nc", False),
        ("\\bword\\b", "word", True),
        ("[]a]+", "a]", True),
        ("[a\\-z]+", "a-z", True),
        ("\\u00e9", "é", True),
        ("a*?b", "aab", True),
    ],
)
def test_the_whole_text_must_match(pattern, text, expected):
    assert compile_regex(pattern).matches(text) is expected


@pytest.mark.parametrize(
    "pattern",
    ["(", "a)", "[a", "*a", "a{3,2}", "a{", "(?=a)", "(?<n>a)", "(a)\\1", "\\q", "\\p{Nope}", "[b-a]", "a**",
     "[[a]]", "\\u00", "a" * 1001, "(a{100}){100}", "((){999}){999}", "(" * 60 + ")" * 60],
)  # fmt: skip
def test_what_cannot_be_matched_in_linear_time_or_is_malformed_is_refused(pattern):
    with pytest.raises(RegexError):
        compile_regex(pattern)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*", "(a*)*b", "(a|aa)+c", "(.*)(.*)(.*)(.*)(.*)x"])
def test_patterns_that_stop_a_backtracking_engine_do_not_stop_us(pattern):
    assert compile_regex(pattern).matches("a" * 2000 + "!") is False


def test_a_text_longer_than_any_answer_does_not_match():
    assert compile_regex("a*").matches("a" * MAX_TEXT)
    assert not compile_regex("a*").matches("a" * (MAX_TEXT + 1))
