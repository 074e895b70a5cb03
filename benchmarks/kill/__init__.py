"""Attacks rooms that talk, and compares what they accepted with what is stored."""
