"""An export has no formulas and loses nothing when it is imported."""

import csv
import io
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from shop.catalog.csv_import import apply
from shop.catalog.csv_import.columns import catalogue_lines
from shop.catalog.csv_import.parser import decode_csv, read_sheet
from shop.catalog.csv_import.planner import plan
from shop.catalog.models import Category, Product, ProductImage, Variant
from shop.core.csv_files import plain_cell, safe_cell
from shop.core.database import db, write
from shop.core.text import typed_line, typed_text

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
HOSTILE = (
    "=1+1", "=cmd|' /C calc'!A0", "+254700", "-5", "@SUM(A1)", "'=1", "''=1", "'", "''", "'Mkeka'", '"', '""', ",", ";",
    "a;=1", "a,b", "\ufeff", "yes", "NULL", "0", "1e5", "００", "＝1", "🧺", "ﬁ", "é",
    "<canary>&\"'", "{{7*7}}", "%s", "\\", "\\n",
)  # fmt: skip
text = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=("Cs",)), max_size=30))
line = st.builds("".join, st.lists(text, min_size=1, max_size=3)).map(typed_line).map(lambda words: words[:60].strip())
name = line.filter(bool)
note = st.builds("\n".join, st.lists(text, max_size=4)).map(typed_text)
number = st.integers(0, 1_000_000)
price = st.integers(1, 1_000_000)
variants = st.lists(
    st.fixed_dictionaries(
        {
            "label": name,
            "price": price,
            "on_hand": number,
            "low_stock_threshold": number,
            "active": st.booleans(),
        },
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda one: one["label"],
)
goods = st.lists(
    st.fixed_dictionaries(
        {
            "name": name,
            "description": note,
            "active": st.booleans(),
            "alts": st.lists(name, max_size=2),
            "options": st.booleans(),
            "variants": variants,
        }
    ),
    min_size=1,
    max_size=4,
)
within_a_test = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture
def fill(app, monkeypatch) -> Callable[[list[dict]], None]:
    """Puts just these products into the shop."""

    def do(products):
        def work():
            empty()
            category = db.session.scalars(select(Category)).first()
            db.session.add_all([made(one, place, category) for place, one in enumerate(products)])

        write(work)

    return do


def empty():
    for model in (Variant, ProductImage, Product):
        db.session.execute(delete(model))


def made(one, place, category):
    options = {"option_1": "=Size", "option_2": "'Colour"} if one["options"] else {}
    drawings = ("img/products/teapot.svg", "img/products/mwiko.svg")
    return Product(
        slug=f"thing-{place}",
        name=one["name"],
        description=one["description"],
        active=one["active"],
        category_id=category.id,
        position=place,
        search_text="",
        images=[
            ProductImage(position=n, path=path, alt=alt)
            for n, (path, alt) in enumerate(zip(drawings, one["alts"], strict=False))
        ],
        variants=[
            Variant(
                **variant | ({"label": f"{variant['label'][:40]}, Red {n}"} if options else {}),
                sku=f"T{place}-{n}",
                position=n,
                held=0,
                value_1=variant["label"][:40].strip() if options else "",
                value_2=f"Red {n}" if options else "",
            )
            for n, variant in enumerate(one["variants"])
        ],
        **options,
    )


def exported() -> bytes:
    return "".join(catalogue_lines()).encode()


def planned(content: bytes):
    return plan(read_sheet(decode_csv(content)[0]).rows)


@within_a_test
@given(goods)
def test_an_export_is_imported_without_a_change_and_restores_the_same_shop(app, fill, products):
    with app.app_context():
        fill(products)
        before = exported()
        same = planned(before)
        assert [line for line in same.lines if line.outcome != "same"] == []

        write(empty)
        write(lambda: apply.apply_plan(planned(before), "owner"))
        assert exported() == before
        db.session.remove()


@within_a_test
@given(goods, goods)
def test_a_changed_shop_gets_the_values_of_the_file(app, fill, products, others):
    with app.app_context():
        fill(products)
        wanted = exported()
        mixed = [
            {**new, "options": old["options"], "variants": old["variants"]}
            for old, new in zip(products, others, strict=False)
        ]
        fill([*mixed, *products[len(mixed) :]])
        made = planned(wanted)
        assert [line.problems for line in made.lines if line.problems] == []
        write(lambda: apply.apply_plan(planned(wanted), "owner"))
        # what is empty in a file stays as it is: images and a description that the file does not have
        left = ("Description", "Images")
        assert [{**row, **dict.fromkeys(left)} for row in rows(exported())] == [
            {**row, **dict.fromkeys(left)} for row in rows(wanted)
        ]
        db.session.remove()


@within_a_test
@given(goods)
def test_no_cell_of_an_export_is_a_formula(app, fill, products):
    with app.app_context():
        fill(products)
        cells = [cell for row in rows(exported()) for cell in row.values()]
        db.session.remove()

    assert [cell for cell in cells if cell.startswith(FORMULAS)] == []


@given(st.text(max_size=40) | st.sampled_from(HOSTILE))
def test_a_cell_is_no_formula_and_keeps_its_value_when_it_is_read_back(words):
    words = words.replace("\0", "")

    assert not safe_cell(words).startswith(FORMULAS)
    assert plain_cell(safe_cell(words)) == words


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
