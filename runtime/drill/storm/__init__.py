"""The storm of cancellations: every kind of operation, cut at random moments, leaves the pools and nothing else."""
