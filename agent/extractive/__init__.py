"""Answers by quotation, where no language model is configured."""
