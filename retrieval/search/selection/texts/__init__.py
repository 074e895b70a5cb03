"""What a short text says, asks and denies."""
