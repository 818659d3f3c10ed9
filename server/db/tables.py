"""Imports every feature's tables, so that Base.metadata is complete. Only migrations and db use it."""

from server.accounts import models as accounts
from server.adoptions import models as adoptions
from server.batches import models as batches
from server.catalogue import models as catalogue
from server.db.base import Base
from server.deliveries import models as deliveries
from server.drafts import models as drafts
from server.instances import models as instances
from server.journal import models as journal
from server.ledger import models as ledger
from server.people import models as people
from server.price_lists import models as price_lists
from server.projects import models as projects
from server.quotes import models as quotes
from server.regions import models as regions
from server.requests import models as requests
from server.submissions import models as submissions
from server.texts import models as texts

__all__ = [
    "accounts", "adoptions", "batches", "catalogue", "deliveries", "drafts", "instances", "journal", "ledger", "people",
    "price_lists", "projects", "quotes", "regions", "requests", "submissions", "texts",
]  # fmt: skip

metadata = Base.metadata
