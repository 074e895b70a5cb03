"""Terms of messages and queries: what the lexical arm stores, and what it asks for.

One analysis for both, in Python: no server's locale or parser has a say. Terms are stems of words,
codes, canonical numbers, single characters and pairs of scripts without spaces, and emoji.
"""
