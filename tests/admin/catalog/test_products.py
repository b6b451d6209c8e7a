"""Adding, changing and archiving products."""

import pytest
from sqlalchemy import select

from shop.catalog.models import Product, Variant
from shop.catalog.slugs import tidy_sku
from shop.core.database import db
from tests import both_databases
from tests.admin_client import AdminClient
from tests.at_once import at_once
from tests.page_checks import CANARY
from tests.product_factory import fields_of, problems
from tests.shopper import SKU


@pytest.fixture
def second(app, provider, owner):
    """The same owner on another device."""
    other = AdminClient(app, provider)
    other.sign_in()
    return other


def test_a_product_is_added_first_in_the_shop_and_can_be_bought_at_once(owner, shopper, goods):
    added = goods.added(owner, name="Blue mug", price="KSh 1,250", description="Thrown by hand.\r\n\r\nHolds a pint.")

    home = shopper.get("/").text
    assert home.index("/products/blue-mug") < home.index("/products/beaded-star")
    page = shopper.get("/products/blue-mug").text
    assert "KSh 1,250" in page and "Holds a pint." in page
    assert shopper.buy("MUG-BLU").total > 1250
    assert goods.moves("MUG-BLU")[0] == ("Opening stock", 7, 0)
    assert "Added product Blue mug, SKU MUG-BLU" in goods.acts()
    assert "Blue mug" in owner.get(f"/admin/products/{added}").text
    assert "Blue mug" in shopper.get("/search?q=mug-blu").text


def test_a_new_category_is_added_with_its_first_product(owner, goods):
    added = goods.added(owner, name="Red derby", sku="", category="", new_category="Formal shoes")

    assert "Formal shoes" in owner.get(f"/admin/products/{added}").text
    answers = {**fields_of(owner.get("/admin/products/new").text), "name": "Black derby", "price": "6400"}
    again = owner.post("/admin/products/new", {**answers, "new_category": "formal SHOES"})
    assert again.status_code == 422
    assert "There is a category “Formal shoes” already: choose it" in again.text


def test_products_with_the_same_name_get_different_addresses_and_skus(owner, goods):
    ids = [goods.added(owner, name="Kikombe cha bluu", sku="") for _ in range(3)]

    assert [goods.product(one).slug for one in ids] == ["kikombe-cha-bluu", "kikombe-cha-bluu-2", "kikombe-cha-bluu-3"]
    assert [list(goods.skus(one)) for one in ids] == [["KIK-CHA-BLU"], ["KIK-CHA-BLU-2"], ["KIK-CHA-BLU-3"]]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("mug blue 01", "MUG-BLUE-01"),
        ("  mug_blu ", "MUG-BLU"),
        ("Müg–blü", "MUG-BLU"),
        ("--a--b--", "A-B"),
        ("😀", ""),
    ],
)
def test_a_sku_is_tidied(typed, kept):
    assert tidy_sku(typed) == kept


def test_a_wrong_product_is_refused_with_the_remedy_and_nothing_typed_is_lost(owner, goods):
    for field, typed, words in (
        ("name", "", "Name is empty: fill it in"),
        ("name", "\0 \u200b", "Name is empty: fill it in"),
        ("name", "x" * 121, "Name has 121 characters; 120 fit"),
        ("description", "x" * 3001, "Description has 3,001 characters; 3,000 fit"),
        ("price", "0", "Price must be from KSh 1 to KSh 1,000,000"),
        ("price", "10000000", "Price must be from KSh 1 to KSh 1,000,000"),
        ("price", "12.50", "Price has cents. Write whole shillings, like 2450"),
        ("price", "٣٤", "Price must be whole shillings, like 2450"),
        ("stock", "-1", "Stock must be a whole number from 0 to 1,000,000"),
        ("stock", "1000001", "Stock must be a whole number from 0 to 1,000,000"),
        ("low_stock_threshold", "a few", "Low stock must be a whole number from 0 to 1,000,000"),
        ("sku", "😀", "“😀” makes no SKU: use letters A to Z, digits and hyphens"),
        ("sku", "X" * 41, "A SKU has 40 characters or fewer; this one has 41"),
        ("sku", SKU.lower(), f"SKU {SKU} belongs to “Classic sisal kiondo” already: choose another"),
        ("category", "9" * 30, "Choose a category"),
        ("category", CANARY, "Choose a category"),
    ):
        reply = goods.add(owner, **{"name": "Blue mug", "description": "Kept as typed", field: typed})

        assert reply.status_code == 422
        assert problems(reply) == [words]
        assert "<title>Error: " in reply.text
        assert field == "description" or "Kept as typed" in reply.text
        assert field == "name" or fields_of(reply.text)["name"] == "Blue mug"
    assert len(problems(goods.press(owner, "/admin/products/new"))) == 5  # all fields are missing


@both_databases
def test_a_hostile_name_is_shown_as_it_was_typed(owner, shopper, goods):
    name = f"""{CANARY} O'Neill "the" mug; DROP TABLE 🎉 a\0b {{{{ 7*7 }}}} %s"""
    added = goods.added(owner, name=name, description=name, sku="ODD")

    for address in (f"/admin/products/{added}", f"/admin/products/{added}/edit", "/admin/products", "/admin/stock/ODD"):
        assert owner.get(address).status_code == 200
    shopper.get("/")
    shopper.get(f"/products/{goods.product(added).slug}")
    assert shopper.page.findtext(".//h1").strip() == name.replace("\0", " ")
    assert shopper.buy("ODD").status["payment"] == "awaiting"


def test_changed_values_are_in_the_shop_and_both_values_in_the_audit_log(owner, shopper, goods):
    added = goods.added(owner)

    reply = goods.edit(owner, added, **{"price-MUG-BLU": "1,300", "name": "Indigo mug", "description": "New words"})

    assert reply.status_code == 303
    assert "KSh 1,300" in shopper.get("/products/blue-mug").text
    assert "name from “Blue mug” to “Indigo mug”" in goods.acts()[-1]
    assert "price of MUG-BLU from KSh 1,250 to KSh 1,300" in goods.acts()[-1]
    assert "Indigo mug" in shopper.get("/search?q=indigo+mug+new").text
    assert "price of MUG-BLU" in owner.get(f"/admin/products/{added}").text

    assert goods.edit(owner, added, slug="Green Mug!").status_code == 303
    assert shopper.get("/products/green-mug").status_code == 200
    assert shopper.get("/products/blue-mug").headers["Location"] == "/products/green-mug"


def test_variants_are_ordered_relabelled_and_archived(owner, shopper, goods):
    star = goods.variant("STA-BEA-ONE").product_id

    goods.edit(owner, star, **{"place-STA-BEA-ONE": "2", "place-STA-BEA-SIX": "1", "label-STA-BEA-SIX": "Six of them"})
    assert goods.skus(star) == {"STA-BEA-SIX": "Six of them", "STA-BEA-ONE": "One star"}

    shopper.add("STA-BEA-ONE")
    goods.edit(owner, star, **{"active-STA-BEA-ONE": None})
    assert "no longer sold" in shopper.get("/cart").text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"slug": "kiondo-classic"}, "“Classic sisal kiondo” has the address kiondo-classic already: choose another"),
        ({"label-STA-BEA-SIX": "ONE star"}, "Two variants for sale are called “ONE star”: change one or archive it"),
        ({"label-STA-BEA-SIX": ""}, "Give each variant a label: buyers choose by it"),
        (
            {"active-STA-BEA-ONE": None, "active-STA-BEA-SIX": None},
            "Leave one variant for sale, or archive the whole product instead",
        ),
    ],
)
def test_a_wrong_change_of_a_product_is_refused_with_the_remedy(owner, goods, changes, words):
    assert problems(goods.edit(owner, goods.variant("STA-BEA-ONE").product_id, **changes)) == [words]


def test_an_archived_product_leaves_shop_and_carts_but_unpaid_orders_keep_their_pieces(owner, shopper, goods):
    added = goods.added(owner)
    bought = shopper.buy("MUG-BLU", 2)
    shopper.add("MUG-BLU")
    form = shopper.fill_checkout()

    assert goods.press(owner, f"/admin/products/{added}/archive").status_code == 303

    assert shopper.get("/products/blue-mug").status_code == 410
    assert "no longer sold" in shopper.get("/cart").text
    assert "MUG-BLU" not in str(shopper.post("/checkout", form).headers.get("Location"))
    assert goods.variant("MUG-BLU").held == 2
    bought.post_callback(bought.callback())
    assert bought.status["payment"] == "paid"
    assert (goods.variant("MUG-BLU").on_hand, goods.variant("MUG-BLU").held) == (5, 0)
    assert "Archived" in owner.get(f"/admin/products/{added}").text

    goods.press(owner, f"/admin/products/{added}/archive")
    assert "Blue mug is archived already" in owner.get(f"/admin/products/{added}").text
    goods.press(owner, f"/admin/products/{added}/publish", sure="1")
    assert shopper.get("/products/blue-mug").status_code == 200
    assert goods.acts()[-2:] == ["Archived product Blue mug", "Published product Blue mug"]


def test_the_user_who_saves_second_is_shown_the_other_version_beside_what_they_typed(owner, second, goods):
    added = goods.added(owner, description="First")
    mine = goods.form(owner, added)
    goods.edit(second, added, **{"price-MUG-BLU": "1400", "description": "Theirs"})

    reply = owner.post(f"/admin/products/{added}/edit", {**mine, "name": "Mine", "description": "Also mine"})

    assert reply.status_code == 409
    assert problems(reply)[1:] == [
        "Description was First when you opened this page; it is Theirs now. You typed Also mine",
        "Price of MUG-BLU was 1250 when you opened this page; it is 1400 now",
    ]
    assert goods.product(added).name == "Blue mug"
    shown = fields_of(reply.text)
    assert (shown["name"], shown["description"]) == ("Mine", "Also mine")

    assert owner.post(f"/admin/products/{added}/edit", shown).status_code == 303
    assert (goods.product(added).name, goods.product(added).description) == ("Mine", "Also mine")
    assert goods.variant("MUG-BLU").price == 1400

    goods.edit(second, added, description=f"{'Theirs ' * 20}\n\nLast line")
    reply = owner.post(f"/admin/products/{added}/edit", {**mine, "description": "Mine"})
    assert "<p>Last line</p>" in reply.text  # a long text is shown below the field
    assert fields_of(reply.text)["description"] == "Mine"


def test_variants_that_another_user_archived_or_added_stay_so_when_the_form_is_saved_again(owner, second, goods):
    star = goods.variant("STA-BEA-ONE").product_id
    mine = goods.form(owner, star)
    goods.edit(second, star, **{"active-STA-BEA-SIX": None})
    reply = owner.post(f"/admin/products/{star}/edit", {**mine, "name": "Mine"})
    assert "STA-BEA-SIX was for sale when you opened this page; it is archived now" in problems(reply)
    assert owner.post(f"/admin/products/{star}/edit", fields_of(reply.text)).status_code == 303
    assert [goods.variant(sku).active for sku in ("STA-BEA-ONE", "STA-BEA-SIX")] == [True, False]

    added = goods.added(owner)
    mine = goods.form(owner, added)
    goods.make(second, added, goods.options(second, added, option_1="Size", values_1="S, M"))
    reply = owner.post(f"/admin/products/{added}/edit", {**mine, "name": "Mine"})
    assert reply.status_code == 409
    assert "The list of variants was changed since you opened this page" in problems(reply)
    assert goods.product(added).name == "Blue mug"
    assert owner.post(f"/admin/products/{added}/edit", fields_of(reply.text)).status_code == 303
    assert goods.product(added).name == "Mine"
    assert goods.skus(added) == {"MUG-BLU": "S", "MUG-BLU-M": "M"}
    assert goods.variant("MUG-BLU-M").active


@both_databases
def test_of_two_users_who_save_at_the_same_moment_the_second_is_told(owner, second, goods):
    added = goods.drafted(owner)
    forms = [
        (owner, goods.form(owner, added) | {"name": "First"}),
        (second, goods.form(second, added) | {"name": "Second"}),
    ]
    presses = [
        lambda person=person, form=form: person.browser.post(f"/admin/products/{added}/edit", data=form)
        for person, form in forms
    ]

    assert sorted(reply.status_code for reply in at_once(presses)) == [303, 409]
    assert goods.product(added).version == 1


def test_staff_may_see_products_and_change_stock_only(staff, owner, goods):
    added = goods.added(owner)
    for address in ("/admin/products", f"/admin/products/{added}", "/admin/stock/MUG-BLU"):
        assert staff.get(address).status_code == 200
    assert "Archive" not in staff.get(f"/admin/products/{added}").text.replace("Archived", "")

    own = (f"{added}/{page}" for page in ("edit", "options", "variants/new", "images"))
    for address in (*(f"products/{page}" for page in ("new", *own)), "categories", "import", "export/catalogue.csv"):
        assert staff.get(f"/admin/{address}").status_code == 403, address
    for act in ("archive", "publish", "hide", "duplicate", "images", "images/move", "images/words", "images/remove"):
        assert goods.press(staff, f"/admin/products/{added}/{act}").status_code == 403, act
    assert goods.stock(staff, "MUG-BLU", "received", "3").status_code == 303


@pytest.mark.parametrize("number", ["0", "999", "99999999999999999999", "abc", "-1", "1%00"])
def test_a_forged_id_is_not_found(owner, number):
    for page in ("", "/edit", "/options", "/variants/new", "/images"):
        assert owner.get(f"/admin/products/{number}{page}").status_code == 404
    assert owner.get(f"/admin/categories/{number}").status_code == 404


def test_a_product_is_not_changed_by_another_products_variants(owner, goods):
    price = goods.variant(SKU).price

    goods.edit(owner, goods.added(owner), **{"name": "Still", f"price-{SKU}": "1"})

    assert goods.variant(SKU).price == price


def test_every_product_of_the_demo_shop_can_be_saved_unchanged(app, owner, goods):
    def variants():
        with app.app_context():
            return db.session.execute(select(Variant.sku, Variant.price, Variant.label).order_by(Variant.id)).all()

    before = variants()
    with app.app_context():
        ids = list(db.session.scalars(select(Product.id)))
    for number in ids:
        assert goods.edit(owner, number).status_code == 303

    assert variants() == before
    assert not [words for words in goods.acts() if words.startswith("Changed")]


def test_search_words_and_a_feature_are_saved_found_and_shown(app, owner, goods, shopper):
    with app.app_context():
        number = db.session.scalar(select(Product.id).where(Product.slug == "wool-rug"))
    address = f"/admin/products/{number}/edit"
    fields = fields_of(owner.get(address).text)

    assert owner.post(address, {**fields, "search_words": "msala wa sala", "featured": "1"}).status_code == 303

    assert "/products/wool-rug" in shopper.get("/search?q=msala").text
    assert fields_of(owner.get(address).text).items() >= {"search_words": "msala wa sala", "featured": "1"}.items()
