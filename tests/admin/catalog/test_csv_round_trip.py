"""An export has no formulas and loses nothing when it is imported."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from shop.catalog.csv_import.columns import catalogue_lines
from shop.catalog.models import Category, Product, ProductImage, Variant
from shop.core.database import db, write
from shop.core.text import typed_line, typed_text
from tests.csv_sheets import imported, planned, rows_of
from tests.malicious_input import STRINGS

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
HOSTILE = (*STRINGS, "'=1", "''=1", "'", "''", "'Mkeka'", '""', ";", "a;=1", "a,b", "yes", "NULL", "0", "1e5", "００")
text = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=("Cs",)), max_size=30))
line = st.builds("".join, st.lists(text, min_size=1, max_size=3)).map(typed_line).map(lambda words: words[:60].strip())
name = line.filter(bool)
number = st.integers(0, 1_000_000)
variants = st.fixed_dictionaries(
    {
        "label": name,
        "price": st.integers(1, 1_000_000),
        "on_hand": number,
        "low_stock_threshold": number,
        "active": st.booleans(),
    }
)
products = st.fixed_dictionaries(
    {
        "name": name,
        "description": st.builds("\n".join, st.lists(text, max_size=4)).map(typed_text),
        "active": st.booleans(),
        "alts": st.lists(name, max_size=2),
        "options": st.booleans(),
        "variants": st.lists(variants, min_size=1, max_size=3, unique_by=lambda one: one["label"]),
    }
)
goods = st.lists(products, min_size=1, max_size=4)
within_a_test = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def fill(wanted):
    """Put just these products into the shop."""
    for model in (Variant, ProductImage, Product):
        db.session.execute(delete(model))
    category = db.session.scalars(select(Category)).first()
    db.session.add_all([made(one, place, category) for place, one in enumerate(wanted)])


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


def exported():
    return "".join(catalogue_lines())


@within_a_test
@given(goods)
def test_an_export_has_no_formulas_is_imported_without_a_change_and_restores_the_same_shop(app, wanted):
    with app.app_context():
        write(lambda: fill(wanted))
        before = exported()
        assert [cell for row in rows_of(before.encode()) for cell in row.values() if cell.startswith(FORMULAS)] == []
        assert {line.outcome for line in planned(before).lines} == {"same"}

        write(lambda: fill([]))
        imported(before)
        assert exported() == before
        db.session.remove()


@within_a_test
@given(goods, goods)
def test_a_changed_shop_gets_the_values_of_the_file(app, wanted, others):
    with app.app_context():
        write(lambda: fill(wanted))
        file = exported()
        mixed = [
            {**new, "options": old["options"], "variants": old["variants"]}
            for old, new in zip(wanted, others, strict=False)
        ]
        write(lambda: fill([*mixed, *wanted[len(mixed) :]]))
        assert [line.problems for line in planned(file).lines if line.problems] == []
        imported(file)
        # what is empty in a file stays as it is: images and a description that the file does not have
        kept = ("Description", "Images")
        now, then = ([{**row, **dict.fromkeys(kept)} for row in rows_of(one.encode())] for one in (exported(), file))
        assert now == then
        db.session.remove()
