"""Tables and reports for people and other programs."""
