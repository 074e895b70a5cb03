"""Erasing from the command line: the asking, the repeating, the receipt."""
