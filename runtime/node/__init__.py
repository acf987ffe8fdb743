"""One process: the shards it holds, the actors it houses, the effects it performs, and how it starts and stops."""
