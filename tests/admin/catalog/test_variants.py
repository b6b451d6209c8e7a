"""Variants from options: preview, then add."""

import re

from shop.admin.catalog.variant_matrix import combination_key
from tests.product_factory import fields_of, problems
from tests.query_counter import counted

SIX = {"option_1": "Size", "values_1": "S, M, L", "option_2": "Colour", "values_2": "Indigo, Madder"}


def key_of(*values):
    return combination_key(values)


def test_two_options_make_a_variant_for_each_combination_and_keep_the_existing_one(owner, shopper, goods):
    added = goods.added(owner)
    page = goods.options(owner, added, **SIX)
    form = fields_of(page.text)
    assert page.status_code == 200
    assert [form[f"sku-{key_of('S', 'Madder')}"], form[f"price-{key_of('S', 'Madder')}"]] == ["MUG-BLU-S-MAD", "1250"]

    reply = goods.make(
        owner, added, page, **{f"stock-{key_of('L', 'Madder')}": "5", f"make-{key_of('M', 'Indigo')}": None}
    )

    assert reply.status_code == 303
    assert goods.skus(added) == {
        "MUG-BLU": "S, Indigo",
        "MUG-BLU-S-MAD": "S, Madder",
        "MUG-BLU-M-MAD": "M, Madder",
        "MUG-BLU-L-IND": "L, Indigo",
        "MUG-BLU-L-MAD": "L, Madder",
    }
    assert goods.moves("MUG-BLU-L-MAD") == [("Opening stock", 5, 0)]
    assert "added MUG-BLU-S-MAD, MUG-BLU-M-MAD" in goods.acts()[-1]
    text = shopper.get("/products/blue-mug").text
    assert "Choose size and colour" in text and "Madder" in text
    assert "Blue mug" in shopper.get("/search?q=mug-blu-l-mad").text
    assert shopper.buy("MUG-BLU-L-MAD").status["payment"] == "awaiting"


def test_more_values_and_options_add_only_the_missing_variants(owner, goods):
    added = goods.added(owner)
    goods.make(owner, added, goods.options(owner, added, option_1="Size", values_1="S, M"))

    goods.make(owner, added, goods.options(owner, added, values_1="s, L"))
    assert list(goods.skus(added).values()) == ["S", "M", "L"]

    goods.make(owner, added, goods.options(owner, added, option_2="Glaze", values_2="Matt, Shiny"))
    assert sorted(goods.skus(added).values()) == [
        f"{size}, {glaze}" for size in ("L", "M", "S") for glaze in ("Matt", "Shiny")
    ]
    assert goods.skus(added)["MUG-BLU"] == "S, Matt"  # existing variants get the first value


def test_labels_become_the_values_of_the_first_option(owner, goods):
    star = goods.variant("STA-BEA-ONE").product_id

    reply = goods.options(owner, star, values_2="Red, Gold", option_2="Colour")
    assert problems(reply) == ["Name what “One star”, “Box of six” are: Size, Colour or the like"]

    goods.make(owner, star, goods.options(owner, star, option_1="Pack", values_2="Red, Gold", option_2="Colour"))
    assert set(goods.skus(star).values()) == {"One star, Red", "Box of six, Red", "One star, Gold", "Box of six, Gold"}


def test_wrong_options_are_refused_with_the_remedy(owner, goods):
    added = goods.added(owner)
    many = {f"values_{n}": ",".join(map(str, range(900))) for n in (1, 2, 3)}
    for answers, words in (
        ({}, "Name at least one option, like Size, and its values, like Small, Large"),
        ({"option_1": "Size", "values_1": " , ,, "}, "Say which kinds of Size there are, separated by commas"),
        ({"values_1": "S, M"}, "Name what “S”, “M” are: Size, Colour or the like"),
        (
            {"option_1": "Size", "values_1": "S", "option_2": "SIZE", "values_2": "M"},
            "“SIZE” is used twice: each option needs a name of its own",
        ),
        ({"option_1": "x" * 41, "values_1": "S"}, "Option has 41 characters; 40 fit"),
        (
            {"option_1": "Size", "values_1": "y" * 61},
            f"“{'y' * 61}” is too long: the values of one variant have 60 characters",
        ),
        (
            {**many, "option_1": "A", "option_2": "B", "option_3": "C"},
            "That makes 729,000,000 combinations; a product has 100 at most. Leave some values out",
        ),
    ):
        reply = goods.options(owner, added, **answers)
        assert reply.status_code == 422
        assert words in problems(reply)
    assert list(goods.skus(added)) == ["MUG-BLU"]


def test_a_wrong_row_saves_nothing_and_keeps_what_was_typed(owner, goods):
    added = goods.added(owner)
    page = goods.options(owner, added, option_1="Size", values_1="S, M, Large")
    for field, typed, words in (
        ("sku", "MUG-BLU", "SKU MUG-BLU belongs to “Blue mug” already: choose another"),
        ("sku", "mug blu m", "SKU MUG-BLU-M is used twice: give Large another"),
        ("sku", "", "The SKU of Large is empty: fill it in"),
        ("price", "0", "Price of Large must be from KSh 1 to KSh 1,000,000"),
        ("stock", "x", "Stock of Large must be a whole number from 0 to 1,000,000"),
    ):
        reply = goods.make(owner, added, page, **{f"{field}-{key_of('Large')}": typed, f"price-{key_of('M')}": "77"})
        assert reply.status_code == 422
        assert problems(reply) == [words]
        assert fields_of(reply.text)[f"price-{key_of('M')}"] == "77"
    assert list(goods.skus(added)) == ["MUG-BLU"]


def test_a_hundred_variants_are_added_in_few_queries_and_shown_as_a_list(app, owner, shopper, goods):
    added = goods.added(owner)
    values = {
        f"values_{n}": ", ".join(f"{n}.{value}" for value in range(count)) for n, count in ((1, 5), (2, 5), (3, 4))
    }
    page = goods.options(owner, added, **values, option_1="Size", option_2="Colour", option_3="Cloth")
    with counted(app) as statements:
        reply = goods.make(owner, added, page)

    assert reply.status_code == 303
    assert len(goods.skus(added)) == 100
    # SQLite takes new rows one at a time where their ids are wanted back
    assert len([one for one in statements if not one.startswith(("BEGIN", "INSERT INTO variant"))]) <= 35
    with counted(app) as statements:
        shopper.get("/products/blue-mug")
    of_product = [one for one in statements if "store_settings" not in one]  # which are asked for every 5 seconds
    assert len(of_product) <= 7  # two of them, the links of header and footer, every 5 seconds too
    first, *others = [(option.text or "") for option in shopper.page.find(".//select[@id='sku']")]
    assert first.startswith("Choose ")
    assert len(others) == 100
    assert all(re.match(r"1\.[0-9], 2\.[0-9], 3\.[0-9]: KSh ", words) for words in others), others[:3]
    assert goods.options(owner, added, values_1="One more").status_code == 422
    assert goods.edit(owner, added, name="Mug of many").status_code == 303


def test_an_edit_by_another_user_is_reported_and_keeps_what_was_typed(owner, goods):
    added = goods.added(owner)
    page = goods.options(owner, added, option_1="Size", values_1="S, M")
    goods.edit(owner, added, name="Other mug")

    reply = goods.make(owner, added, page, **{f"price-{key_of('M')}": "99"})

    assert reply.status_code == 409
    assert "another user changed this product while you were looking at it" in reply.text
    assert goods.make(owner, added, reply).status_code == 303
    assert goods.variant("MUG-BLU-M").price == 99


def test_a_single_variant_is_added(owner, goods):
    star = goods.variant("STA-BEA-ONE").product_id
    address = f"/admin/products/{star}/variants/new"
    form = fields_of(owner.get(address).text)

    for label, words in (("", "Label is empty: fill it in"), ("one STAR", "There is a variant “one STAR” already")):
        assert words in problems(owner.post(address, {**form, "label": label}))
    assert owner.post(address, {**form, "label": "Box of 24", "stock": "3"}).status_code == 303

    assert goods.skus(star)["BEA-STA-ORN-BOX-OF-24"] == "Box of 24"
    assert goods.unexplained() == []

    single = f"/admin/products/{goods.added(owner)}"  # without options: it is asked for them first
    assert owner.get(f"{single}/variants/new").headers["Location"] == f"{single}/options"
