"""The step kinds: one module each. A step plans, runs in units, states its checks."""
