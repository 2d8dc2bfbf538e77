"""What the connector knows and remembers: SQLModel tables, engine and sessions, migrations."""
