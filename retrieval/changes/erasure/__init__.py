"""Erasing in short transactions under the conversation's lock: safe to repeat and to break off."""
