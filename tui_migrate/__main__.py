"""Entry point. ``--version`` answers without paying for anything else."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from tui_migrate import __version__

        sys.stdout.write(f"tui-migrate {__version__}\n")
        return
    try:
        from tui_migrate.cli import run_cli
    except KeyboardInterrupt:  # Ctrl+C before anything was begun
        sys.exit(130)

    sys.exit(run_cli(sys.argv[1:]))


if __name__ == "__main__":
    main()
