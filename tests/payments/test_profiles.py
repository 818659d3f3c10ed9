import json

import pytest

from payments import errors
from payments.rails import profiles

GOOD = {
    "rail": "bank",
    "description": "x",
    "currencies": ["XOF"],
    "accounts": ["rib"],
    "limits": {},
    "service_level": "",
    "charge_bearer": "DEBT",
    "address": "minimal",
    "batch_booking": True,
}


def test_every_shipped_profile_can_be_read():
    assert {"sepa", "uemoa_bank", "mobile_money", "international_bank", "older_bank"} <= set(profiles.names())
    assert all(profiles.profile(name).name == name for name in profiles.names())


@pytest.mark.parametrize("name", ["", "../tax_tables/withholding", "nobody", "sepa.json", "__init__"])
def test_an_unknown_profile_is_refused(name):
    with pytest.raises(errors.UnknownProfile, match="sepa"):
        profiles.profile(name)


def test_a_bank_is_no_mobile_money_company():
    with pytest.raises(errors.UnknownProfile):
        profiles.mobile_money_profile("sepa")
    with pytest.raises(errors.UnknownProfile):
        profiles.bank_profile("mobile_money")


@pytest.mark.parametrize(
    "change",
    [
        {"rail": "pigeon"},
        {"currencies": ["FCFA"]},
        {"accounts": ["cash"]},
        {"limits": {"minimum": 0}},
        {"limits": {"nonsense": 1}},
        {"charge_bearer": "ME"},
        {"address": "full"},
        {"service_level": "<x>"},
        {"version": "pain.001.001.08"},
        {"version": "pain.001.001.03", "accounts": ["wallet"]},
    ],
)
def test_a_profile_with_a_mistake_is_refused(change):
    assert profiles.read_profile("x", json.dumps(GOOD))
    with pytest.raises(errors.InvalidProfile):
        profiles.read_profile("x", json.dumps(GOOD | change))


def test_a_profile_that_names_no_version_takes_the_newest():
    assert profiles.read_profile("x", json.dumps(GOOD)).version == "pain.001.001.09"
    old = profiles.read_profile("x", json.dumps(GOOD | {"version": "pain.001.001.03"}))
    assert old.version == "pain.001.001.03"


@pytest.mark.parametrize("text", ["", "[]", "{}", "nonsense", "null"])
def test_what_is_no_profile_is_refused(text):
    with pytest.raises(errors.InvalidProfile):
        profiles.read_profile("x", text)
