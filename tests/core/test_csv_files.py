"""CSV cells: a spreadsheet never runs them, and they read back unchanged."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.core.csv_files import csv_line, plain_cell, safe_cell

FORMULAS = ("=1+1", "+254", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\n=1", "＝1", "＋1", "－1", "＠1", "\0=1")


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_looks_like_a_formula_is_escaped(text):
    assert safe_cell(text).startswith("'")


@pytest.mark.parametrize("text", ["", "Kiondo", "0712 345 678", "O'Brien", "'quoted'", "a=1", "1-2 days", "KSh 5", "…"])
def test_other_text_is_unchanged(text):
    assert safe_cell(text) == text


@given(st.text(alphabet=st.sampled_from("'=+-@\t\r\n ab,\"＝é🧺")))
def test_an_escaped_cell_reads_back_unchanged(text):
    safe = safe_cell(text)
    (row,) = csv.reader(io.StringIO(csv_line([safe_cell("x"), text, 5]), newline=""))

    assert plain_cell(safe) == text
    assert row == ["x", safe, "5"]
    assert safe.lstrip(" \n")[:1] not in ("=", "+", "-", "@", "\t", "\r", "＝")


def test_numbers_stay_numbers():
    assert csv_line([-5, "-5"]) == '-5,"\'-5"\r\n'


def test_a_text_with_semicolons_stays_one_cell():
    assert csv_line(["x;=1+1", "0712 345 678"]) == '"x;=1+1","0712 345 678"\r\n'
