"""What benchmarks share that run several processes: a database of their own, processes, load."""
