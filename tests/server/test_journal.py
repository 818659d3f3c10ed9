"""The journal's chain and `franchise verify`: whatever was promised and then changed is found, and named."""

import pytest
from sqlalchemy import text

from server.actor import SYSTEM
from server.journal import service as journal
from server.journal.models import JournalBlock, JournalRow, JournalSecret
from server.journal.service import Event
from server.transparency import service as transparency


@pytest.fixture
def sealed(paying):
    """Everything that happened is sealed, in two blocks."""
    paying.run(SYSTEM, transparency.seal)
    assert paying.verify() == []
    return paying


def rows(world):
    return world.read(lambda tx: tx.session.query(JournalRow).order_by(JournalRow.seq).all())


# Writing and sealing ----------------------------------------------------------------------------------


def test_a_row_is_written_in_the_transaction_of_what_it_tells(runtime):
    def tell_and_fail(tx):
        journal.record(tx, Event.REQUEST_MADE, "x")
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError):
        runtime.run(SYSTEM, tell_and_fail)
    assert runtime.read(SYSTEM, journal.count) == 0


def test_the_actor_and_everything_private_are_commitments_only(runtime):
    runtime.run(SYSTEM, journal.record, Event.REQUEST_MADE, "x", private={"requester": "Chief Sabi"})

    def found(tx):
        row = tx.session.query(JournalRow).one()
        return (
            row.public,
            row.commitments,
            {s.field: (s.salt, s.value) for s in tx.session.query(JournalSecret)},
        )

    public, commitments, secrets = runtime.read(SYSTEM, found)
    assert public == {}
    assert set(commitments) == set(secrets) == {"actor", "requester"}
    for field, (salt, value) in secrets.items():
        assert commitments[field] == journal.commitment(salt, value)
        assert value not in str(commitments)


def test_the_same_value_gives_another_commitment_each_time(runtime):
    for _ in range(2):
        runtime.run(SYSTEM, journal.record, Event.REQUEST_MADE, "x", private={"requester": "Chief Sabi"})
    found = runtime.read(
        SYSTEM, lambda tx: [r.commitments["requester"] for r in tx.session.query(JournalRow)]
    )
    assert len(set(found)) == 2


def test_a_block_names_the_one_before_it_and_the_ledgers_head(sealed):
    blocks = sealed.read(lambda tx: tx.session.query(JournalBlock).order_by(JournalBlock.number).all())
    assert [b.number for b in blocks] == [1, 2]
    assert (blocks[0].previous_hash, blocks[1].previous_hash) == (journal.GENESIS_HASH, blocks[0].hash)
    assert blocks[1].first_seq > blocks[0].last_seq
    from server.ledger import service as ledger

    assert (blocks[1].ledger_seq, blocks[1].ledger_hash) == sealed.read(ledger.head)


def test_every_row_is_in_a_block_once_sealed(sealed):
    assert all(sealed.read(journal.block_of, row.seq) is not None for row in rows(sealed))
    assert sealed.run(SYSTEM, transparency.seal) is None, "nothing new, no block"


def test_sealing_at_once_makes_one_chain(paying, race):
    done = race(4, lambda _: paying.run(SYSTEM, transparency.seal))
    assert [d for d in done if isinstance(d, Exception)] == []
    assert sum(d is not None for d in done) == 1
    assert paying.verify() == []


def test_rows_written_while_it_is_sealed_are_in_the_next_block(paying, race):
    def step(number):
        if number % 2:
            return paying.run(SYSTEM, transparency.seal)
        return paying.run(SYSTEM, journal.record, Event.REQUEST_MADE, str(number))

    for _ in range(3):
        assert [d for d in race(6, step) if isinstance(d, Exception)] == []
    paying.run(SYSTEM, transparency.seal)
    assert all(paying.read(journal.block_of, row.seq) for row in rows(paying))
    assert paying.verify() == []


# Erasing a person -------------------------------------------------------------------------------------


def test_erasing_a_persons_secrets_keeps_the_chain_valid(sealed):
    person = sealed.payables()[0].person_id

    def erase(tx):
        return tx.session.query(JournalSecret).filter(JournalSecret.value == person).delete()

    assert sealed.run(SYSTEM, erase) > 0
    assert sealed.verify() == []
    left = sealed.read(
        lambda tx: tx.session.query(JournalSecret).filter(JournalSecret.value == person).count()
    )
    assert left == 0


# Tampering --------------------------------------------------------------------------------------------

FIRST_POSTING = "SELECT min(entry_id) FROM ledger_posting"
EXPORTED = "(SELECT min(id) FROM payment_batch WHERE state IN ('exported', 'partly_settled'))"
ONES = "'" + "1" * 64 + "'"

TAMPERING = {
    "a journal row": ("journal-row-changed", "UPDATE journal SET event = 'request:made' WHERE seq = 5"),
    "the public part of a row": (
        "journal-row-changed",
        "UPDATE journal SET public = (SELECT public FROM journal WHERE seq = 1) WHERE event = 'delivery:accepted'"),
    "a deleted row": (
        "journal-rows-changed",
        "DELETE FROM journal_secret WHERE journal_id = (SELECT id FROM journal WHERE seq = 5)",
        "DELETE FROM journal WHERE seq = 5"),
    "a private value": (
        "journal-secret-changed", "UPDATE journal_secret SET value = 'another' WHERE field = 'requester'"),
    "a salt": ("journal-secret-changed", "UPDATE journal_secret SET salt = 'x' WHERE field = 'actor'"),
    "a block": ("journal-chain-broken", f"UPDATE journal_block SET hash = {ONES} WHERE number = 1"),
    "the time of a block": (
        "journal-chain-broken", "UPDATE journal_block SET sealed_at = '2026-03-02 00:00:00+00' WHERE number = 2"),
    "a deleted block": ("journal-chain-broken", "DELETE FROM journal_block WHERE number = 1"),
    "the ledger's head in a block": (
        "journal-ledger-mismatch", f"UPDATE journal_block SET ledger_hash = {ONES} WHERE number = 1"),
    "a ledger line": (
        "ledger-entry-changed", f"UPDATE ledger_posting SET amount = amount * 2 WHERE entry_id = ({FIRST_POSTING})"),
    "a ledger line moved to another account": (
        "ledger-entry-changed",
        "UPDATE ledger_posting SET account_id = (SELECT max(id) FROM ledger_account WHERE kind = 'payable') "
        "WHERE account_id = (SELECT min(id) FROM ledger_account WHERE kind = 'payable')"),
    "one unbalanced line": (
        "ledger-book", f"UPDATE ledger_posting SET amount = amount + 1 WHERE line = 1 AND entry_id = ({FIRST_POSTING})"),
    "an entry's memo": ("ledger-entry-changed", "UPDATE ledger_entry SET memo = 'x' WHERE kind = 'grant'"),
    "an entry's time": (
        "ledger-entry-changed", "UPDATE ledger_entry SET posted_at = '2026-01-01 00:00:00+00' WHERE kind = 'grant'"),
    "a seal": ("ledger-entry-changed", f"UPDATE ledger_seal SET hash = {ONES} WHERE seq = 2"),
    "a balance": ("ledger-balance", "UPDATE ledger_account SET balance = balance - 7 WHERE kind = 'fund'"),
    "a payable's amount": (
        "payable-changed", "UPDATE payable SET amount = amount + 5, gross = gross + 5 WHERE component = 'expenses'"),
    "what a payable owes against its quote": (
        "delivery-owed-otherwise", "UPDATE payable SET amount = amount + 5, gross = gross + 5"),
    "a payable of somebody else": (
        "payable-changed", "UPDATE payable SET person_id = (SELECT max(id) FROM person)"),
    "a payable's withholding": (
        "payable-changed", "UPDATE payable SET withheld = 0, amount = gross WHERE withheld > 0"),
    "what a payable has paid": (
        "payable-projection", "UPDATE payable SET allocated = amount, settled = amount WHERE settled = 0"),
    "a delivery accepted without being owed": (
        "delivery-owed-otherwise", "UPDATE delivery SET state = 'accepted', accepted_by = 'x' WHERE state = 'waiting'"),
    "an accepted delivery reopened": (
        "payable-without-delivery", "UPDATE delivery SET state = 'waiting' WHERE state = 'accepted'"),
    "a payment's amount": ("batch-changed", f"UPDATE payment SET amount = amount + 1 WHERE batch_id = {EXPORTED}"),
    "a payment's account": (
        "batch-changed", f"UPDATE payment SET account_identifier = '2290197999999' WHERE batch_id = {EXPORTED}"),
    "a payment's payee": ("batch-changed", f"UPDATE payment SET payee_name = 'Nobody' WHERE batch_id = {EXPORTED}"),
    "a payment said to be settled": (
        "payable-projection", "UPDATE payment SET state = 'settled' WHERE state IN ('rejected', 'in_transit')"),
    "an allocation": ("payable-projection", "UPDATE allocation SET amount = amount + 1"),
    "a batch's digest": ("batch-changed", f"UPDATE payment_batch SET content_sha256 = {ONES} WHERE state = 'exported'"),
    "a batch's file": ("batch-file", f"UPDATE payment_batch SET file_sha256 = {ONES} WHERE state = 'exported'"),
    "a batch's execution date": (
        "batch-changed", "UPDATE payment_batch SET execution_date = '2027-01-01' WHERE state = 'exported'"),
    "the paying account": (
        "batch-changed", "UPDATE paying_account SET identifier = 'BJ99900002000000000001' WHERE rail = 'bank'"),
    "a quote's fund share": ("quote-changed", "UPDATE quote SET fund_minor = fund_minor - 1"),
    "a quote's digest": ("quote-changed", f"UPDATE quote SET digest = {ONES}"),
    "an attachment's digest": ("file-damaged", f"UPDATE submission_file SET sha256 = {ONES}"),
    "a submission's digest": ("file-damaged", f"UPDATE submission SET xml_sha256 = {ONES}"),
    "a bank answer's digest": ("file-damaged", f"UPDATE bank_file SET sha256 = {ONES} WHERE 1 = 1"),
    "a price list's file": ("file-damaged", f"UPDATE price_list SET file_sha256 = {ONES}"),
    "the form submissions are checked with": ("version-changed", "UPDATE service_form SET md5 = 'x'"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "statements"),
    [pytest.param(code, s, id=name.replace(" ", "-")) for name, (code, *s) in TAMPERING.items()],
)
def test_verify_finds(sealed, code, statements):
    if any("bank_file" in s for s in statements):
        sealed.tamper("DELETE FROM bank_entry")
    sealed.tamper(*statements)
    assert code in sealed.verify()


BLOBS = {
    "service_version": ("bpmn", "version-changed", (b"Announce the meeting", b"Announce the meetings")),
    "service_form": ("xform", "version-changed", (b"Announce", b"Denounce")),
    "quote": ("snapshot", "quote-changed", (b"FEE.ANIM", b"FEE.ENUM")),
}


@pytest.mark.parametrize("table", BLOBS)
@pytest.mark.parametrize("how", ["edited", "destroyed"])
def test_verify_finds_changed_content(sealed, table, how):
    column, code, (old, new) = BLOBS[table]
    sealed.drop_triggers()
    with sealed.runtime.engine.begin() as connection:
        found = connection.execute(text(f"SELECT {column} FROM {table}")).scalars().all()
        content = next(bytes(c) for c in found if old in bytes(c))
        changed = content.replace(old, new) if how == "edited" else b"\x00 not what it was"
        command = text(f"UPDATE {table} SET {column} = :new WHERE {column} = :old")
        assert connection.execute(command, {"new": changed, "old": content}).rowcount > 0
    assert code in sealed.verify()


def test_verify_finds_a_form_source_that_was_changed(sealed):
    sealed.drop_triggers()
    with sealed.runtime.engine.begin() as connection:
        source = bytes(connection.scalar(text("SELECT source FROM service_form WHERE ref = 'announce'")))
        changed = source.replace(b". >= 2 and . <= 20", b". >= 0 and . <= 20")
        assert changed != source
        connection.execute(text("UPDATE service_form SET source = :s WHERE ref = 'announce'"), {"s": changed})
    assert "version-changed" in sealed.verify()


@pytest.mark.parametrize("how", ["changed", "removed", "emptied"])
@pytest.mark.parametrize("what", ["submission", "evidence", "batch"])
def test_verify_finds_a_damaged_file(sealed, what, how):
    query, code = {
        "submission": ("SELECT xml_sha256 FROM submission", "file-damaged"),
        "evidence": ("SELECT sha256 FROM submission_file", "file-damaged"),
        "batch": ("SELECT file_sha256 FROM payment_batch WHERE file_sha256 IS NOT NULL", "batch-file"),
    }[what]
    with sealed.runtime.engine.connect() as connection:
        path = sealed.runtime.files.path(connection.execute(text(query)).scalars().first())
    if how == "removed":
        path.unlink()
    else:
        path.write_bytes(b"" if how == "emptied" else path.read_bytes() + b" ")
    # the cover sheet of a batch is written from its file
    assert set(sealed.verify()) == ({code, "batch-cover"} if what == "batch" else {code})


def test_verify_finds_a_row_whose_hash_was_made_to_fit(sealed):
    def forge(tx):
        row = tx.session.get(JournalRow, 5)
        row.object_id = "another"
        row.row_hash = journal._hash_of(row)

    sealed.drop_triggers()
    sealed.run(SYSTEM, forge)
    found = sealed.verify()
    assert "journal-rows-changed" in found
    assert "journal-row-changed" not in found, "the row alone looks right"


def test_verify_finds_that_the_ledgers_end_was_cut_off_and_the_head_put_back(sealed):
    """The ledger alone is whole again; the journal's block still names the entry."""
    sealed.grant()
    sealed.run(SYSTEM, transparency.seal)
    last = "(SELECT entry_id FROM ledger_seal ORDER BY seq DESC LIMIT 1)"
    sealed.tamper(
        "UPDATE ledger_account SET balance = balance - (SELECT sum(amount) FROM ledger_posting p "
        f"WHERE p.account_id = ledger_account.id AND p.entry_id = {last}) "
        f"WHERE id IN (SELECT account_id FROM ledger_posting WHERE entry_id = {last})",
        f"UPDATE ledger_head SET seq = seq - 1, hash = (SELECT previous_hash FROM ledger_seal WHERE entry_id = {last})",
        f"DELETE FROM ledger_posting WHERE entry_id = {last}",
        f"DELETE FROM ledger_entry WHERE id = {last}",
        f"DELETE FROM ledger_seal WHERE entry_id = {last}",
    )
    assert sealed.verify() == ["journal-ledger-mismatch"]


def test_verify_of_one_part_looks_at_that_part_only(sealed):
    sealed.tamper("UPDATE quote SET fund_minor = fund_minor - 1")
    assert sealed.read(transparency.verify, only="ledger") == []
    assert {f.code for f in sealed.read(transparency.verify, only="quotes")} == {"quote-changed"}
    told = []
    sealed.read(transparency.verify, progress=told.append)
    assert tuple(told) == transparency.PARTS


def test_every_finding_says_where(sealed):
    sealed.tamper(
        "UPDATE payable SET amount = amount + 5, gross = gross + 5", "UPDATE quote SET digest = 'x'"
    )
    for finding in sealed.read(transparency.verify):
        assert finding.place
        assert finding.detail
