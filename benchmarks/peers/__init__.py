"""What else finds old messages: each peer is one module that ranks a job's messages."""
