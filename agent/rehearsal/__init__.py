"""What is done once, before job processes are forked, so that they share it and no room waits."""
