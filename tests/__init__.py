"""Tests of the shop, one folder for each room."""

import pytest

# Runs a test on SQLite and on PostgreSQL.
both_databases = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
