"""Errors raised by pricing; the web status of each is chosen in server.http.problems."""

from __future__ import annotations

from workflows.errors import InvalidInput, RunError


class PricingError(RunError):
    code = "pricing"
    message = "The price could not be calculated."


class UnknownCurrency(PricingError):
    code = "unknown-currency"
    message = "%(currency)s is not a currency of ISO 4217. Use a three-letter code such as XOF or EUR."


class CurrencyMismatch(PricingError):
    code = "currency-mismatch"
    message = "Amounts in %(left)s and %(right)s cannot be added. Convert one of them first."


class InexactAmount(PricingError):
    code = "inexact-amount"
    message = "%(amount)s is finer than the smallest unit of %(currency)s (%(digits)s decimals)."


class UnknownRegion(PricingError):
    code = "unknown-region"
    message = "%(region)s is not a known region. Choose one from the list of regions."


class UnreadableValue(PricingError):
    code = "unreadable-value"
    message = "This is not a %(kind)s as it was written: %(reason)s. Use the unchanged file."


class NotPriceable(InvalidInput):
    """A service cannot be priced; `problems` has all reasons, every missing price with what was tried."""

    code = "not-priceable"
    message = "%(count)s problem(s) must be solved before this can be priced: %(first)s"
