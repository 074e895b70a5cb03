"""The formats that an import reads, one module each; to write another, begin with format.py."""
