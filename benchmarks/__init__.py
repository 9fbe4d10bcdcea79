"""Side by side with pymilvus and the peers: ``python -m benchmarks``."""
