"""A generator of fictitious deliveries with a known truth, sharing no code with tui_migrate.

It decides first who exists and what they agreed to, writes that down the way six real systems
would, and keeps the decision as truth. A program can then be scored on facts that it had no
hand in.
"""
