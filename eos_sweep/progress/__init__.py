"""Tell how far long work is: on standard error, to whoever waits for it."""
