"""What follows an erasure besides its rows: the ledger's file, vacuum, and who is told."""
