"""Pictures of sweeps and trajectories, drawn with matplotlib without global state."""
