"""The tests, sorted by what they need: the folder's name is the marker."""
