"""The language and speech models that answer and transcribe."""
