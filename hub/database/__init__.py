"""The only home of SQLAlchemy: tables, journal, log, cursors, vault, migrations."""
