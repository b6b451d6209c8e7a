"""Tests of the shop, one folder for each room."""

import pytest

# For what concerns the database: the test runs on each.
BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
both_databases = pytest.mark.parametrize("database_url", BOTH, indirect=True)
