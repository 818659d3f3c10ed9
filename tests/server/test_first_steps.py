"""What a new installation begins with: regions, exchange rates and own accounts, by commands and pages."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from payments.batches import PayeeAccount
from payments.errors import InvalidIban, InvalidMsisdn, WrongRibKey
from payments.identifiers import rib_key
from pricing.errors import UnknownCurrency
from pricing.money import Money
from server.actor import SYSTEM, Actor, Grant, Role
from server.batches import paying_accounts
from server.batches import service as batches
from server.cli import cli
from server.errors import Forbidden, NotFound
from server.ledger import claims
from server.ledger import service as ledger
from server.people import service as people
from server.price_lists import rates
from server.price_lists import service as price_lists
from server.regions import region_file
from server.regions import service as regions
from server.transparency import service as transparency
from tests.server.test_pages_money import Browser, told
from workflows.errors import InvalidInput

PLACES = b"""code,parent,level,name_fr,currency
BJ-DO,BJ,department,Donga,
BJ,,country,B\xc3\xa9nin,XOF
"""
RATE = {"base": "EUR", "counter": "XOF", "rate": "655.957", "valid_from": date(1999, 1, 1), "source": "BCEAO"}


def officer(role, path="BJ/"):
    return Actor("somebody", grants=(Grant(role, path),))


def account(**other):
    stem = "BJ99900001000000000001"
    return {
        "code": "bank-xof", "profile_name": "uemoa_bank", "currency": "XOF", "holder_name": "RUN Benin",
        "identifier": stem + rib_key(stem), "agent": "RUNBBJBJ", "country": "BJ", "town": "Parakou", **other,
    }  # fmt: skip


@pytest.fixture
def country(runtime):
    runtime.run(SYSTEM, region_file.import_regions, PLACES)
    return runtime


def codes_of(refused):
    return [(p.code, p.place) for p in refused.value.problems]


def events(runtime, event):
    return runtime.read(SYSTEM, lambda tx: tx.session.scalar(
        text("SELECT count(*) FROM journal WHERE event = :event"), {"event": event}))  # fmt: skip


def test_regions_come_in_any_order_and_once(country):
    again = country.run(SYSTEM, region_file.import_regions, PLACES)
    assert (again.regions, again.known, again.problems) == ((), 2, ())
    assert country.read(SYSTEM, regions.region, "BJ-DO").path == "BJ/BJ-DO/"
    assert country.read(SYSTEM, regions.currency, "BJ-DO") == "XOF"
    assert events(country, "region:added") == 2


def test_everything_wrong_with_a_file_of_regions_is_told_by_line_and_nothing_is_stored(runtime):
    data = b"code;parent;level;name_en;currency;latitude\nBJ;;country;Benin;ABC;\nX;nowhere;Level 1;;;91\nA/;A/;x;A;;\nX;BJ;x;X;;\n"
    with pytest.raises(InvalidInput) as refused:
        runtime.run(SYSTEM, region_file.import_regions, data)
    assert set(codes_of(refused)) == {
        ("region-currency", "line 2, currency"), ("region-level", "line 3, level"),
        ("region-name", "line 3, name"), ("region-coordinates", "line 3, latitude"),
        ("region-code", "line 4, code"), ("region-circle", "line 4, parent"), ("region-twice", "line 5, code"),
    }  # fmt: skip
    assert runtime.read(SYSTEM, regions.regions) == {}


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xfe", b"a,b\n1,2\n", b"code,code,parent,level\n", b'code,parent,level\n"' + b"x" * 140_000],
)
def test_what_is_no_file_of_regions_is_refused(runtime, data):
    found = runtime.read(SYSTEM, region_file.check_regions, data)
    assert [p.severity for p in found.problems] == ["fatal"]
    assert found.problems[0].text()


def test_a_known_region_stays_with_a_warning(country):
    found = country.run(SYSTEM, region_file.import_regions, PLACES.replace(b"Donga", b"Dongo"))
    assert [(p.code, p.severity) for p in found.problems] == [("region-differs", "warning")]
    assert country.read(SYSTEM, regions.region, "BJ-DO").names == {"fr": "Donga"}


def test_a_coordinator_adds_regions_at_home_only(country):
    data = PLACES + b"BJ-DO-X,BJ-DO,commune,X,\nBJ-AL,BJ,department,Alibori,\n"
    at_home, everywhere = officer(Role.COORDINATOR, "BJ/BJ-DO/"), officer(Role.COORDINATOR, "")
    with pytest.raises(Forbidden):
        country.run(at_home, region_file.import_regions, data)
    with pytest.raises(Forbidden):
        country.run(officer(Role.FINANCE, ""), region_file.import_regions, data)
    assert len(country.run(everywhere, region_file.import_regions, data).regions) == 2


def test_a_rate_is_never_changed_and_a_newer_day_takes_over(runtime):
    assert runtime.run(SYSTEM, rates.record_rate, **RATE)
    assert not runtime.run(SYSTEM, rates.record_rate, **RATE)
    with pytest.raises(rates.RateStays):
        runtime.run(SYSTEM, rates.record_rate, **{**RATE, "rate": "656"})
    assert runtime.run(SYSTEM, rates.record_rate, **{**RATE, "rate": "700", "valid_from": date(2026, 1, 1)})
    for day, rate in ((date(2025, 12, 31), Fraction(655957, 1000)), (date(2026, 1, 1), Fraction(700))):
        assert runtime.read(SYSTEM, price_lists.exchange_rate, "EUR", "XOF", day).rate == rate
    assert events(runtime, "exchange_rate:added") == 2


@pytest.mark.parametrize(
    ("other", "place"),
    [({"rate": "0"}, "rate"), ({"rate": "NaN"}, "rate"), ({"rate": "1e999999"}, "rate"), ({"rate": "x"}, "rate"),
     ({"counter": "EUR"}, "counter"), ({"source": " "}, "source"), ({"valid_from": date(26, 1, 1)}, "valid_from")],
)  # fmt: skip
def test_a_senseless_rate_is_refused(runtime, other, place):
    with pytest.raises(InvalidInput) as refused:
        runtime.run(SYSTEM, rates.record_rate, **{**RATE, **other})
    assert [p.place for p in refused.value.problems] == [place]


def test_a_rate_is_of_known_currencies_and_added_by_a_coordinator(runtime):
    with pytest.raises(UnknownCurrency):
        runtime.run(SYSTEM, rates.record_rate, **{**RATE, "base": "EURO"})
    with pytest.raises(Forbidden):
        runtime.run(officer(Role.FINANCE), rates.record_rate, **RATE)


def test_an_account_is_kept_in_its_normal_form(country):
    country.run(officer(Role.FINANCE), paying_accounts.register, **account())
    wallet = account(code="momo", profile_name="mobile_money", identifier="01 97 00 00 01", agent="MTN")
    country.run(officer(Role.FINANCE), paying_accounts.register, **wallet)
    found = country.read(SYSTEM, batches.paying_accounts)
    assert [(a.rail, a.identifier) for a in found] == [
        ("bank", account()["identifier"]), ("mobile_money", "2290197000001"),
    ]  # fmt: skip
    assert events(country, "paying_account:added") == 2


@pytest.mark.parametrize(
    ("other", "error"),
    [
        ({"identifier": "BJ9990000100000000000100"}, WrongRibKey),
        ({"identifier": "BJ99 9000"}, InvalidIban),
        ({"profile_name": "mobile_money", "identifier": "12", "agent": "MTN"}, InvalidMsisdn),
        ({"currency": "ABC"}, UnknownCurrency),
        ({"currency": "USD"}, InvalidInput),
        ({"code": "Bank XOF"}, InvalidInput),
        ({"agent": "my bank"}, InvalidInput),
        ({"town": " "}, InvalidInput),
        ({"holder_name": "RUN\x00"}, InvalidInput),
        ({"country": "TG"}, NotFound),
    ],
)
def test_an_account_that_cannot_pay_is_refused(country, other, error):
    with pytest.raises(error):
        country.run(SYSTEM, paying_accounts.register, **account(**other))
    assert country.read(SYSTEM, batches.paying_accounts) == []


def test_an_account_is_registered_once_by_finance_of_its_country(country):
    for who in (officer(Role.COORDINATOR), officer(Role.APPROVER), officer(Role.FINANCE, "TG/")):
        with pytest.raises(Forbidden):
            country.run(who, paying_accounts.register, **account())
    country.run(officer(Role.FINANCE), paying_accounts.register, **account())
    another = "BJ99900001000000000009"
    for other in ({"code": "other"}, {"identifier": another + rib_key(another)}):
        with pytest.raises(paying_accounts.AccountKnown):
            country.run(SYSTEM, paying_accounts.register, **account(**other))


def test_accounts_and_rates_are_added_on_pages(opened):
    world = opened("people")
    finance, coordinator = Browser(world, "finance"), Browser(world, "coordinator")
    form = {
        **account(code="second", identifier="+229 01 97 00 00 99", agent="MTN"),
        "profile": "mobile_money",
    }
    assert finance.post("/finance/paying-accounts", form).status_code == 303
    assert "second" in told(finance.get("/finance/paying-accounts"))
    assert "2290197000099" not in finance.get("/finance/paying-accounts").text
    assert finance.post("/finance/paying-accounts", form).status_code == 409
    assert finance.post("/finance/paying-accounts", {**form, "agent": ""}).status_code == 422
    assert Browser(world, "approver").post("/finance/paying-accounts", form).status_code == 403
    typed = {**RATE, "base": "usd", "rate": "600,5", "valid_from": "2026-01-01"}
    assert coordinator.post("/prices/exchange-rates", typed).status_code == 303
    assert "USD/XOF" in told(coordinator.get("/prices/exchange-rates"))
    wrong = coordinator.post("/prices/exchange-rates", {**typed, "rate": "much"})
    assert (wrong.status_code, 'id="rate-error"' in wrong.text) == (422, True)
    assert coordinator.post("/prices/exchange-rates", {**typed, "valid_from": ""}).status_code == 422
    assert coordinator.post("/prices/exchange-rates", {**typed, "rate": "601"}).status_code == 409
    assert finance.post("/prices/exchange-rates", typed).status_code == 403


def franchise(runtime, tmp_path, *arguments):
    address = runtime.engine.url.render_as_string(hide_password=False)
    environment = {"FRANCHISE_DATABASE_URL": address, "FRANCHISE_FILES_DIR": str(tmp_path / "files")}
    done = CliRunner().invoke(cli, list(arguments), env=environment, catch_exceptions=False)
    return done.exit_code, done.output


def test_an_empty_installation_comes_to_an_exported_batch(runtime, tmp_path):
    """By commands up to the account that pays; grant, exchange, what is owed, and the batch by services."""
    places = tmp_path / "places.csv"
    places.write_bytes(PLACES.replace(b"XOF", b"XXO"))
    assert franchise(runtime, tmp_path, "regions", "import", str(places))[0] == 1
    places.write_bytes(PLACES)
    code, words = franchise(runtime, tmp_path, "regions", "import", str(places), "--dry-run")
    assert (code, "2 region(s) would be added" in words) == (0, True)
    assert "2 region(s) added" in franchise(runtime, tmp_path, "regions", "import", str(places))[1]
    rate = ("rates", "add", "EUR", "XOF", "655.957", "--from", "1999-01-01", "--source", "BCEAO")
    assert franchise(runtime, tmp_path, *rate)[0] == 0
    assert "655.957" in franchise(runtime, tmp_path, "rates", "list")[1]
    options = (
        "--code", "bank-xof", "--profile", "uemoa_bank", "--currency", "XOF", "--holder", "RUN Benin",
        "--number", account()["identifier"], "--agent", "RUNBBJBJ", "--country", "BJ", "--town", "Parakou",
    )  # fmt: skip
    assert franchise(runtime, tmp_path, "paying-account", "add", *options)[0] == 0
    words = franchise(runtime, tmp_path, "paying-account", "list")[1]
    assert "bank-xof" in words
    assert account()["identifier"] not in words

    finance, approver = officer(Role.FINANCE), Actor("another", grants=(Grant(Role.APPROVER, "BJ/"),))
    runtime.run(finance, ledger.receive_grant, funder="alfter", fund="fund", amount=Money(100_000, "EUR"))
    changed = runtime.run(finance, ledger.exchange, fund="fund", given=Money(100_000, "EUR"), currency="XOF")
    assert changed == Money(655_957, "XOF")
    new = people.NewPerson(name="Afi Dossou", phone="+2290197000101", region="BJ-DO", skills=[])
    person = runtime.run(SYSTEM, people.register, new)
    payee = PayeeAccount("rib", "BJ99900001000000000002" + rib_key("BJ99900001000000000002"), "RUNBBJBJ")
    runtime.run(SYSTEM, people.set_payee_account, person, payee, holder_name="Afi Dossou")
    claim = runtime.run(
        finance,
        claims.propose_advance,
        person_id=person,
        amount=Money(5_000, "XOF"),
        share=Fraction(1, 2),
        reason="Fuel",
    )
    runtime.run(approver, claims.approve, claim)
    (own,) = runtime.read(finance, batches.paying_accounts)
    day = runtime.clock.now().date() + timedelta(days=1)
    batch = runtime.run(finance, batches.collect, own.id, execution_date=day)
    content = runtime.run(finance, batches.submit, batch)
    assert runtime.run(approver, batches.approve, batch, content=content)
    runtime.run(finance, batches.export, batch)
    _, file = runtime.read(finance, batches.file_of, batch)
    assert account()["identifier"].encode() in file
    assert runtime.read(SYSTEM, transparency.verify) == []
