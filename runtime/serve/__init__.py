"""One `serve` process from start to exit code: backends, pools, node, listeners, signals, phases."""
