"""Where a sweep is computed: threads, processes, dask workers; how a run is planned, kept in checkpoints, resumed."""
