"""How well and how fast records are matched, beside Splink 5 on the same data in the same run."""
