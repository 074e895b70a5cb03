"""The operator's pages under /inspect: what rooms hold, and why a turn recalled what it did."""
