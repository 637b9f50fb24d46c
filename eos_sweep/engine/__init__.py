"""How trajectories are computed: compiled kernels over lanes, and networks one by one."""
