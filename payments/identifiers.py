"""The identifiers of payments: accounts, mobile numbers, references, and text as banks accept it.

Sources: ISO 13616 (IBAN, by schwifty); BCEAO relevé d'identité bancaire with its clé RIB (own); ITU-T E.164
by libphonenumber, with Benin's move from 8 to 10 digits on 2024-11-30; ISO 11649 (RF creditor reference);
RFC 4122 version 4 for the UETR (ISO 20022 UUIDv4Identifier); EPC217-08 for the SEPA character set.

Each `check_…` returns the identifier in its normal form or raises; what it raises names account and number
masked, so that it may be logged.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import phonenumbers
from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

from payments.errors import (
    InvalidCreditorReference,
    InvalidEndToEndId,
    InvalidIban,
    InvalidMsisdn,
    InvalidRib,
    InvalidUetr,
    WrongRibKey,
)

UEMOA_COUNTRIES: Final = frozenset({"BF", "BJ", "CI", "GW", "ML", "NE", "SN", "TG"})
"""Members of the West African Economic and Monetary Union, whose banks use the RIB."""

NOT_PROVIDED: Final = "NOTPROVIDED"
"""What ISO 20022 files write where a mandatory identification is unknown."""

_RIB: Final = re.compile(r"[A-Z][A-Z0-9][0-9]{3}[A-Z0-9]{17}[0-9]{2}")
_RIB_LETTERS: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "12345678912345678923456789")
_REFERENCE: Final = re.compile(r"RF[0-9]{2}[A-Z0-9]{1,21}")
_UETR: Final = re.compile(r"[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}")
_END_TO_END_ID: Final = re.compile(r"(?!/)(?!.*//)[A-Za-z0-9/\-?:().,'+ ]{1,35}(?<!/)")
_PHONE: Final = re.compile(r"[0-9+().\-/  ]{4,40}")
_SEPARATORS: Final = re.compile(r"[\s.\- ]+")
_SHOWN_MAX: Final = 8


def mask(identifier: str) -> str:
    """An account or number for display: its first four and last four characters ("BJ66…0769").

    Of eight characters or fewer only the last two are shown.
    """
    compact = _SEPARATORS.sub("", identifier)
    if len(compact) <= _SHOWN_MAX:
        return "…" + compact[-2:]
    return f"{compact[:4]}…{compact[-4:]}"


def _compact(text: str) -> str:
    return _SEPARATORS.sub("", text[:60]).upper()


# Bank accounts -----------------------------------------------------------------------------------------


def check_iban(text: str) -> str:
    """The IBAN without spaces and in capitals; that of a UEMOA bank must also have a right RIB key.

    Raises InvalidIban.
    """
    compact = _compact(text)
    try:
        iban = IBAN(compact)
    except SchwiftyException:
        raise InvalidIban(iban=mask(compact)) from None
    rib = compact[4:]
    # Guinea-Bissau's IBAN holds no RIB of 24 characters
    if iban.country_code in UEMOA_COUNTRIES and len(rib) == 24 and not _is_rib(rib):
        raise InvalidIban(iban=mask(compact))
    return compact


def _is_rib(rib: str) -> bool:
    return _RIB.fullmatch(rib) is not None and rib_key(rib[:22]) == rib[22:]


def rib_key(rib22: str) -> str:
    """The two digits that end a RIB, from bank (5), branch (5) and account (12).

    Letters count A-I = 1-9, J-R = 1-9, S-Z = 2-9; the key is 97 - (number * 100 mod 97).
    """
    return f"{97 - int(rib22.translate(_RIB_LETTERS)) * 100 % 97:02d}"


def check_rib(text: str) -> str:
    """The RIB of a UEMOA bank as 24 characters without spaces. Raises InvalidRib or WrongRibKey."""
    compact = _compact(text)
    if not _RIB.fullmatch(compact):
        raise InvalidRib(rib=mask(compact))
    if rib_key(compact[:22]) != compact[22:]:
        raise WrongRibKey(rib=mask(compact))
    return compact


# Mobile numbers ----------------------------------------------------------------------------------------


def check_msisdn(text: str, country: str) -> str:
    """The mobile number in international form, digits only, without plus ("2290197000001").

    country: ISO 3166 code of the country to assume for a number without country code. Benin's numbers of
    eight digits, valid until 2024-11-30, get the 01 they have now. Raises InvalidMsisdn, also for a landline.
    """
    for candidate in _phone_candidates(text.strip()):
        number = _parsed_phone(candidate, country)
        if number is not None:
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
    raise InvalidMsisdn(number=mask(text[:60]), country=country)


def _phone_candidates(text: str) -> list[str]:
    if not _PHONE.fullmatch(text):
        return []
    digits = re.sub(r"[^0-9]", "", text)
    if text.startswith("+"):
        return ["+" + digits]
    if digits.startswith("00"):
        return ["+" + digits[2:]]
    return [digits, "+" + digits]


def _parsed_phone(text: str, country: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    _migrate_benin(number)
    kind = phonenumbers.number_type(number)
    mobile = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    return number if phonenumbers.is_valid_number(number) and kind in mobile else None


def _migrate_benin(number: phonenumbers.PhoneNumber) -> None:
    """Every eight-digit number of Benin became 01 + itself (ARCEP Bénin, 2024-11-30)."""
    national = number.national_number
    if number.country_code == 229 and national is not None and 20_000_000 <= national <= 99_999_999:
        number.national_number = 100_000_000 + national
        number.italian_leading_zero = True


# References --------------------------------------------------------------------------------------------


def creditor_reference(reference: str) -> str:
    """The ISO 11649 reference (RF, check digits) of 1 to 21 letters or digits.

    Raises InvalidCreditorReference.
    """
    compact = _compact(reference)
    if not re.fullmatch(r"[A-Z0-9]{1,21}", compact):
        raise InvalidCreditorReference(reference=reference[:60])
    return f"RF{98 - _mod97(compact + 'RF00'):02d}{compact}"


def is_creditor_reference(text: str) -> bool:
    """Whether the text is an ISO 11649 reference with right check digits, in its compact form."""
    return _REFERENCE.fullmatch(text) is not None and _mod97(text[4:] + text[:4]) == 1


def _mod97(text: str) -> int:
    """ISO 7064 MOD 97-10 with letters as 10 to 35."""
    return int("".join(str(int(character, 36)) for character in text)) % 97


def check_uetr(text: str) -> str:
    """The unique end-to-end transaction reference: a version 4 UUID in lower case. Raises InvalidUetr."""
    if not _UETR.fullmatch(text):
        raise InvalidUetr(uetr=text[:60])
    return text


def is_uetr(text: str) -> bool:
    """Whether the schema of ISO 20022 takes the text as UETR."""
    return _UETR.fullmatch(text) is not None


def check_end_to_end_id(text: str) -> str:
    """An EndToEndId that every bank hands through unchanged. Raises InvalidEndToEndId.

    1 to 35 characters of the SEPA set, no slash at either end, no double slash, no space at either end, and
    not NOTPROVIDED.
    """
    if not is_end_to_end_id(text):
        raise InvalidEndToEndId(identifier=text[:60])
    return text


def is_end_to_end_id(text: str) -> bool:
    """Whether `check_end_to_end_id` takes the text."""
    return _END_TO_END_ID.fullmatch(text) is not None and text == text.strip() and text != NOT_PROVIDED


# Text --------------------------------------------------------------------------------------------------

_LATIN: Final = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]*")
_NOT_LATIN: Final = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
_TRANSLITERATION: Final = str.maketrans(
    {
        # letters that do not decompose: French, then the languages of Benin, Togo and Ghana, then others
        "œ": "oe",
        "Œ": "OE",
        "æ": "ae",
        "Æ": "AE",
        "ɛ": "e",
        "Ɛ": "E",
        "ɔ": "o",
        "Ɔ": "O",
        "ɖ": "d",
        "Ɖ": "D",
        "ŋ": "n",
        "Ŋ": "N",
        "ɣ": "g",
        "Ɣ": "G",
        "ƒ": "f",
        "Ƒ": "F",
        "ʋ": "v",
        "Ʋ": "V",
        "ɓ": "b",
        "Ɓ": "B",
        "ɗ": "d",
        "Ɗ": "D",
        "ƙ": "k",
        "Ƙ": "K",
        "ɲ": "n",
        "Ɲ": "N",
        "ƴ": "y",
        "Ƴ": "Y",
        "ı": "i",
        "ø": "o",
        "Ø": "O",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ð": "d",
        "Ð": "D",
        "þ": "th",
        "Þ": "Th",
        "ß": "ss",
        # signs, as EPC217-08 section 6.2 proposes
        "’": "'",
        "‘": "'",
        "ʼ": "'",
        "`": "'",
        "´": "'",
        '"': "'",
        "“": "'",
        "”": "'",
        "«": "'",
        "»": "'",
        "–": "-",
        "—": "-",
        "‐": "-",
        "‑": "-",
        "_": "-",
        "&": "+",
        "@": "(at)",
        "[": "(",
        "]": ")",
        "{": "(",
        "}": ")",
        ";": ",",
        "!": ".",
    }
)


def latin_text(text: str, limit: int) -> str:
    """The text in the SEPA character set, at most `limit` characters; "" when nothing readable is left.

    The same text always gives the same result. Accents are dropped, known letters spelled out ("Bœuf" is
    "Boeuf", "Kpɛ́" is "Kpe"), anything else becomes a full stop; slashes at the ends and double slashes, which
    the SEPA rule book forbids, go.
    """
    if not _LATIN.fullmatch(text):
        spelled = unicodedata.normalize(
            "NFKD", unicodedata.normalize("NFC", text).translate(_TRANSLITERATION)
        )
        plain = "".join(c for c in spelled.translate(_TRANSLITERATION) if not unicodedata.combining(c))
        text = _NOT_LATIN.sub(".", re.sub(r"[\s\x00-\x1f]+", " ", plain))
        if not re.search(r"[A-Za-z0-9]", text):
            return ""
    if "//" in text:
        text = re.sub(r"/{2,}", "/", text)
    if "  " in text:
        text = re.sub(r" {2,}", " ", text)
    return text.strip(" /")[:limit].rstrip(" /")
