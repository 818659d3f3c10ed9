import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments import errors
from payments.identifiers import (
    check_end_to_end_id,
    check_iban,
    check_msisdn,
    check_rib,
    check_uetr,
    creditor_reference,
    is_creditor_reference,
    latin_text,
    mask,
    rib_key,
)

# the examples of the IBAN registry (SWIFT) for the countries of the UEMOA
PUBLISHED_IBANS = [
    "BJ66BJ0610100100144390000769",
    "BF42BF0840101300463574000390",
    "CI93CI0080111301134291200589",
    "ML13ML0160120102600100668497",
    "NE58NE0380100100130305000268",
    "SN08SN0100152000048500003035",
    "TG53TG0090604310346500400070",
]


@pytest.mark.parametrize("iban", PUBLISHED_IBANS)
def test_the_published_accounts_have_the_right_rib_key(iban):
    assert check_iban(iban) == iban
    assert check_rib(iban[4:]) == iban[4:]
    assert rib_key(iban[4:26]) == iban[26:]


@pytest.mark.parametrize("iban", PUBLISHED_IBANS)
def test_one_wrong_digit_of_a_rib_is_found(iban):
    rib = iban[4:]
    for position in range(2, 22):
        if rib[position].isdigit():
            wrong = rib[:position] + str((int(rib[position]) + 1) % 10) + rib[position + 1 :]
            with pytest.raises(errors.WrongRibKey):
                check_rib(wrong)


def test_accounts_are_read_as_people_write_them():
    assert check_rib("bj061 01001 001443900007 69") == "BJ0610100100144390000769"
    assert check_iban("de89 3704-0044 0532 0130 00") == "DE89370400440532013000"


@pytest.mark.parametrize(
    "text",
    ["", "BJ", "BJ06101001001443900007", "٢" * 24, "BJ061010010014439000076X", "1" * 5000, "BJ0610100<>"],
)
def test_what_has_not_the_form_of_a_rib_is_refused(text):
    with pytest.raises(errors.InvalidRib):
        check_rib(text)


@pytest.mark.parametrize("text", ["", "DE88370400440532013000", "XX00", "DE" + "8" * 9000, "é", "DE89\x00"])
def test_a_wrong_iban_is_refused(text):
    with pytest.raises(errors.InvalidIban):
        check_iban(text)


def test_a_right_iban_with_a_wrong_rib_key_is_refused():
    rib = "BJ0610100100144390000768"
    digits = "".join(str(int(c, 36)) for c in rib + "BJ00")
    iban = f"BJ{98 - int(digits) % 97:02d}{rib}"
    with pytest.raises(errors.InvalidIban):
        check_iban(iban)


def test_errors_do_not_show_whole_account_numbers():
    with pytest.raises(errors.WrongRibKey) as caught:
        check_rib("BJ0610100100144390000768")
    assert "0100100144" not in str(caught.value)
    assert "BJ06…0768" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "97000001",
        "97 00 00 01",
        "+22997000001",
        "0022997000001",
        "22997000001",
        "0197000001",
        "01 97 00 00 01",
        "+229 01 97 00 00 01",
        "2290197000001",
    ],
)
def test_old_and_new_numbers_of_benin_become_the_ten_digit_number(text):
    assert check_msisdn(text, "BJ") == "2290197000001"


def test_numbers_of_the_neighbours_need_their_country_code():
    assert check_msisdn("+225 07 07 12 34 56", "BJ") == "2250707123456"
    assert check_msisdn("+228 90 12 34 56", "BJ") == "22890123456"
    assert check_msisdn("90 12 34 56", "TG") == "22890123456"


@pytest.mark.parametrize(
    "text",
    ["", "abc", "1234", "+1", "٩٧٠٠٠٠٠١", "97000001 ext 5", "9" * 500, "=97000001", "+229 01 20 21 22 23"],
)
def test_what_is_no_mobile_number_is_refused(text):
    with pytest.raises(errors.InvalidMsisdn):
        check_msisdn(text, "BJ")


def test_the_creditor_reference_of_the_standard():
    assert creditor_reference("539007547034") == "RF18539007547034"
    assert is_creditor_reference("RF18539007547034")
    assert not is_creditor_reference("RF18539007547035")
    for bad in ("", "A" * 22, "é"):
        with pytest.raises(errors.InvalidCreditorReference):
            creditor_reference(bad)


@given(st.from_regex(r"[A-Z0-9]{1,21}", fullmatch=True))
def test_every_reference_we_make_is_valid(text):
    assert is_creditor_reference(creditor_reference(text))


def test_a_uetr_is_a_uuid_of_version_4_in_lower_case():
    good = "1f6a3c1e-9b1d-4c57-8a44-6d0c7f0b2a11"
    assert check_uetr(good) == good
    bad = (good.upper(), good.replace("-4c57", "-7c57"), good.replace("-8a44", "-7a44"), good + "\n", "")
    for text in bad:
        with pytest.raises(errors.InvalidUetr):
            check_uetr(text)


def test_an_end_to_end_id_passes_every_bank():
    assert check_end_to_end_id("RUN/2026-11/0001") == "RUN/2026-11/0001"
    bad = ("", "/a", "a/", "a//b", "a" * 36, "é", "a\n", " a", "a ", "a&b", "NOTPROVIDED")
    for text in bad:
        with pytest.raises(errors.InvalidEndToEndId):
            check_end_to_end_id(text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Séna Dossou-Yovo", "Sena Dossou-Yovo"),
        ("Kpɛ́lɔ̀ N’Dah", "Kpelo N'Dah"),
        ("Cœur & Sœurs", "Coeur + Soeurs"),
        ("Ñandú Šílený", "Nandu Sileny"),
        ("Straße <b>", "Strasse .b."),
        ("//a//b/", "a/b"),
        ("line\nbreak\ttab", "line break tab"),
        ("ﬁn", "fin"),
        ("محمد", ""),
        ("", ""),
        ("\u202e\u0000", ""),
    ],
)
def test_names_are_written_in_the_characters_banks_take(text, written):
    assert latin_text(text, 70) == written


@given(st.text(max_size=100), st.integers(1, 70))
def test_latin_text_is_safe_short_and_stable(text, limit):
    written = latin_text(text, limit)
    assert re.fullmatch(r"[A-Za-z0-9/\-?:().,'+ ]*", written)
    assert len(written) <= limit
    assert "//" not in written
    assert written == written.strip(" /") == latin_text(written, limit)


def test_masking_shows_enough_to_recognise_and_no_more():
    assert mask("BJ66 BJ06 1010 0100 1443 9000 0769") == "BJ66…0769"
    assert mask("12345678") == "…78"
    assert mask("") == "…"
