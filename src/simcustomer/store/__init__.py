"""Storage: tables, migrations, and a store of short sessions. SQLite by default, PostgreSQL with the same code."""
