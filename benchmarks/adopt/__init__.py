"""What it takes to give an agent of one's own a memory: two programs, alike but for that."""
