"""tui-migrate: supervised migration of customer data, step by step, with sign-off and audit."""

import os

__version__ = "0.1.0"

# Before DuckDB is loaded: what it pads its blocks with must not be what stood in that memory before.
# See docs/decisions/0022-memory-is-zeroed-before-the-database-gets-it.md.
os.environ.setdefault("DUCKDB_JE_MALLOC_CONF", "zero:true")
