"""tui-migrate: supervised migration of customer data, step by step, with sign-off and audit."""

__version__ = "0.1.0"
