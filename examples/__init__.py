"""Small programs that use Longroom; `make test` runs each of them in real rooms."""
