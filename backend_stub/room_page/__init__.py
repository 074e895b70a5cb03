"""A room in the browser, under /room/NAME: who is in it, what is said, and what is recalled."""
