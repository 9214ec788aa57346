"""What a run costs beside the least that it could cost: ``make bench``."""
