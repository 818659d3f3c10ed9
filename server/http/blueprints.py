"""Every blueprint of the site and of the API, in one list."""

from __future__ import annotations

from flask import Blueprint

from server.accounts import api as accounts_api
from server.accounts import pages as accounts
from server.adoptions import api as adoptions_api
from server.adoptions import pages as adoptions
from server.batches import api as batches_api
from server.batches import finance_api, finance_pages, paying_account_pages
from server.batches import pages as batches
from server.catalogue import api as catalogue_api
from server.catalogue import lifecycle as versions
from server.catalogue import pages as catalogue
from server.deliveries import api as deliveries_api
from server.deliveries import pages as deliveries
from server.drafts import api as drafts_api
from server.drafts import files as draft_files
from server.drafts import live as draft_live
from server.drafts import pages as drafts
from server.drafts import review_pages as draft_reviews
from server.http import docs, start
from server.http.operations import ApiBlueprint
from server.instances import api as instances_api
from server.instances import pages as instances
from server.ledger import pages as ledger
from server.price_lists import api as price_lists_api
from server.price_lists import pages as price_lists
from server.projects import api as projects_api
from server.projects import pages as projects
from server.quotes import api as quotes_api
from server.quotes import explore, project_pages, terms_pages
from server.quotes import pages as quotes
from server.reports import api as reports_api
from server.reports import pages as reports
from server.requests import api as requests_api
from server.submissions import api as submissions_api
from server.submissions import pages as submissions
from server.texts import api as texts_api
from server.texts import pages as texts
from server.tracking import pages as tracking
from server.transparency import api as transparency_api
from server.transparency import pages as transparency

PAGE_BLUEPRINTS: tuple[Blueprint, ...] = (
    start.pages, docs.pages, accounts.pages, catalogue.pages, drafts.pages, draft_files.pages, draft_live.pages,
    draft_reviews.pages, versions.pages, price_lists.pages, quotes.pages, explore.pages,
    project_pages.pages, terms_pages.pages, projects.pages, instances.pages, submissions.pages, deliveries.pages,
    ledger.pages, reports.pages, batches.pages, finance_pages.pages, transparency.pages, tracking.pages, texts.pages,
    adoptions.pages, paying_account_pages.pages,
)  # fmt: skip

API_BLUEPRINTS: tuple[ApiBlueprint, ...] = (
    accounts_api.api, catalogue_api.api, drafts_api.api, price_lists_api.api, quotes_api.api, requests_api.api,
    projects_api.api, instances_api.api, submissions_api.api, deliveries_api.api, batches_api.api,
    finance_api.api, reports_api.api, transparency_api.api,
    adoptions_api.api, texts_api.api,
)  # fmt: skip
