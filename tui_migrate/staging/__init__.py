"""The DuckDB staging area: append-only tables, live views, and the readers of deliveries."""
