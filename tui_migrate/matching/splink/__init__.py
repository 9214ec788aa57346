"""The frozen model for Splink 5: settings, normalised records, and what has to be reckoned afterwards.

For those who outgrow one machine. Splink holds a pair against strangers only; what relatives take away
is one more statement over its predictions (``relatives``). What decides (the guard, households,
clusters) stays here. See docs/splink.md.
"""

from tui_migrate.matching.splink.folder import TakenOut, write_folder

__all__ = ["TakenOut", "write_folder"]
