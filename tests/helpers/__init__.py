"""What tests share: specs, stores, runs, references.  No tests."""
