"""How many decisions of a reviewer it takes to bring records together, and what needs none."""
