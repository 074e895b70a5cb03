"""Whether a query asks for the newest, the first or the previous of many."""

from retrieval.search.query.order.asked import asked_order, without_order_words
from retrieval.search.query.order.words import Order

__all__ = ["Order", "asked_order", "without_order_words"]
