"""Where a sweep is computed, and how a run resumes after an interruption: threads, dask workers, progress."""
