"""Weeks, months, seasons and other stretches of the calendar, and their parts."""
