"""The bank file: customer credit transfer initiation, pain.001.001.09, or .03 for old banking software.

Written as text from a template, in pieces, while its SHA-256 is taken: bounded memory, and the same batch
gives the same bytes each time. (A tree or a generic writer is two to four times slower and, as in sepaxml
2.7, easily writes XOF with two decimals, a hundredth of what is owed, which the schema does not notice.)

`validate` reads a finished file once, in pieces, against the official schema and against what the schema
cannot say: the currency's decimals, counts, sums, and nothing twice.

Sources: ISO 20022 pain.001.001.03 and .09 (schemas in the sepaxml wheel); EPC132-08 for SEPA; structured
address with town and country as mandatory since November 2026 (SEPA, CBPR+). In .09 an account needs an Id,
so a wallet is written as Id/Othr (scheme MSISDN) and as a proxy of type TELE.
"""

from payments.rails.pain001.reading import FileTotals as FileTotals
from payments.rails.pain001.reading import FileTransfer as FileTransfer
from payments.rails.pain001.reading import read_totals as read_totals
from payments.rails.pain001.reading import read_transfers as read_transfers
from payments.rails.pain001.reading import validate as validate
from payments.rails.pain001.writing import Debtor as Debtor
from payments.rails.pain001.writing import PaymentInformation as PaymentInformation
from payments.rails.pain001.writing import WrittenFile as WrittenFile
from payments.rails.pain001.writing import payment_information as payment_information
from payments.rails.pain001.writing import write as write
from payments.rails.pain001_versions import NEWEST as NEWEST
from payments.rails.pain001_versions import VERSIONS as VERSIONS
