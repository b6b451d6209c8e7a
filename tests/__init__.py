"""Tests of the shop, one folder for each room."""

import pytest

# For what concerns the database: the test runs on each.
both_databases = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
