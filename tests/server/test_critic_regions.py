"""Another country's officers neither see nor pay what is not theirs, even where the currency is the same."""

import pytest

from server.accounts import service as accounts
from server.actor import SYSTEM, Actor, Grant, Role
from server.app import create_app
from server.batches import service as batches
from server.http.security import SESSION_COOKIE
from server.people import service as people
from server.regions import service as regions


def togo(world):
    world.run(SYSTEM, regions.add_regions, [regions.NewRegion("TG", None, "country", {"en": "Togo"}, "XOF")])


def test_a_batch_holds_only_what_is_owed_for_work_in_the_accounts_country(owing):
    togo(owing)
    officer = Actor("togo", grants=(Grant(Role.FINANCE, "TG/"),))
    account_id = owing.run(
        officer, batches.add_paying_account, code="momo-tg", profile_name="mobile_money", currency="XOF",
        holder_name="RUN Togo", identifier="22890000000", agent="MTN", country="TG", town="Lomé",
    )  # fmt: skip
    with pytest.raises(batches.NothingToPay):
        owing.run(officer, batches.collect, account_id, execution_date=owing.clock.now().date())


@pytest.mark.parametrize("role", [Role.FINANCE, Role.APPROVER, Role.AUDITOR])
def test_another_countrys_officer_sees_no_batch_payee_or_quote(paying, role):
    togo(paying)

    def sign_in(tx):
        account_id = accounts.create_account(
            tx, email="togo@example.org", name="Togo", password="long enough it is",
            grants=[Grant(role, "TG/")],
        )  # fmt: skip
        return accounts.open_session(tx, account_id)

    client = create_app(paying.runtime).test_client()
    client.set_cookie(SESSION_COOKIE, paying.run(SYSTEM, sign_in))
    batch = paying.read(batches.batches)[0]
    person = paying.payments(batch.id)[0].person_id
    for address in (f"/batches/{batch.id}", f"/payables/{person}", f"/quotes/{paying.quote_id}"):
        assert client.get(address).status_code == 404, address
    for address in ("/batches", "/payables", "/"):
        page = client.get(address, follow_redirects=True)
        assert page.status_code == 200
        assert batch.reference not in page.text
    client.set_cookie("language", "en")
    ledger = [client.get(address).text for address in ("/ledger", "/ledger/entries")]
    assert all("Owed to a payee in Benin" in page for page in ledger)
    for known in paying.read(people.people).values():
        assert not [page for page in ledger if known.name in page], known.name
