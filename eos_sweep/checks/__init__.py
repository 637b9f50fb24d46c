"""Whether results are right, and how fast they are computed: exact arithmetic, labels, benchmarks."""
