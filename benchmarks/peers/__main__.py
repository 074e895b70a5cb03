"""Runs one peer in its own environment: a job on standard input, its outcome on standard output."""

import sys

from benchmarks.peers import langgraph_store, mem0_memory
from benchmarks.peers.job import Job

PEERS = {"langgraph_store": langgraph_store.rank, "mem0": mem0_memory.rank}

if __name__ == "__main__":
    outcome = PEERS[sys.argv[1]](Job.from_json(sys.stdin.read()))
    sys.stdout.write(outcome.to_json())
