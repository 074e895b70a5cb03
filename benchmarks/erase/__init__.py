"""Canaries: words that are written everywhere, erased, and looked for everywhere."""
