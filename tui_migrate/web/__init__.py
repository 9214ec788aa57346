"""The report and the replay of a run in a browser: to look at only, and for this machine only."""
