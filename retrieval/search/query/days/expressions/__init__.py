"""Single expressions for days: "eleven days ago", "14.11.2026"."""
