"""Adding, changing and archiving products."""

import pytest
from sqlalchemy import select, update

from shop.catalog.models import Product, Variant
from shop.core.database import db, write
from tests import both_databases
from tests.admin_client import AdminClient
from tests.page_checks import CANARY
from tests.product_factory import fields_of, problems
from tests.shopper import SKU


@pytest.fixture
def second(app, provider, owner):
    """The same owner on another device."""
    other = AdminClient(app, provider)
    other.sign_in()
    return other


def test_a_product_is_added_and_can_be_bought_at_once(owner, shopper, goods):
    added = goods.added(owner, name="Blue mug", price="KSh 1,250", description="Thrown by hand.\r\n\r\nHolds a pint.")

    page = shopper.get("/products/blue-mug").text
    assert "KSh 1,250" in page and "Holds a pint." in page
    assert shopper.buy("MUG-BLU").total > 1250
    assert goods.moves("MUG-BLU")[0] == ("Opening stock", 7, 0)
    assert "Added product Blue mug, SKU MUG-BLU" in goods.acts()
    assert "Blue mug" in owner.get(f"/admin/products/{added}").text
    shopper.get("/search?q=mug-blu")
    assert "Blue mug" in shopper.get("/search?q=mug-blu").text


def test_a_new_product_is_first_in_the_shop(owner, shopper, goods):
    goods.added(owner)

    page = shopper.get("/").text
    assert page.index("/products/blue-mug") < page.index("/products/beaded-star")


def test_products_with_the_same_name_get_different_addresses_and_skus(owner, goods):
    ids = [goods.added(owner, name="Kikombe cha bluu", sku="") for _ in range(3)]

    assert [goods.product(one).slug for one in ids] == ["kikombe-cha-bluu", "kikombe-cha-bluu-2", "kikombe-cha-bluu-3"]
    assert [list(goods.skus(one)) for one in ids] == [["KIK-CHA-BLU"], ["KIK-CHA-BLU-2"], ["KIK-CHA-BLU-3"]]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("mug blue 01", "MUG-BLUE-01"), ("  mug_blu ", "MUG-BLU"), ("Müg–blü", "MUG-BLU"), ("--a--b--", "A-B")],
)
def test_a_sku_is_tidied(owner, goods, typed, kept):
    assert list(goods.skus(goods.added(owner, sku=typed))) == [kept]


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("name", "", "Name is empty: fill it in"),
        ("name", "\0 \u200b", "Name is empty: fill it in"),
        ("name", "x" * 121, "Name has 121 characters; 120 fit"),
        ("description", "x" * 3001, "Description has 3,001 characters; 3,000 fit"),
        ("price", "0", "Price must be from KSh 1 to KSh 1,000,000"),
        ("price", "10000000", "Price must be from KSh 1 to KSh 1,000,000"),
        ("price", "9" * 400, "Price must be whole shillings, like 2450"),
        ("price", "12.50", "Price has cents. Write whole shillings, like 2450"),
        ("price", "-5", "Price must be whole shillings, like 2450"),
        ("price", "٣٤", "Price must be whole shillings, like 2450"),
        ("price", "", "Price must be whole shillings, like 2450"),
        ("stock", "-1", "Stock must be a whole number from 0 to 1,000,000"),
        ("stock", "1000001", "Stock must be a whole number from 0 to 1,000,000"),
        ("low_stock_threshold", "a few", "Low stock must be a whole number from 0 to 1,000,000"),
        ("sku", "😀", "“😀” makes no SKU: use letters A to Z, digits and hyphens"),
        ("sku", "X" * 41, "A SKU has 40 characters or fewer; this one has 41"),
        ("sku", SKU.lower(), f"SKU {SKU} belongs to “Classic sisal kiondo” already: choose another"),
        ("category", "999", "Choose a category"),
        ("category", "9" * 30, "Choose a category"),
        ("category", CANARY, "Choose a category"),
    ],
)
def test_a_wrong_product_is_refused_with_the_remedy_and_nothing_typed_is_lost(owner, goods, field, typed, words):
    reply = goods.add(owner, **{"name": "Blue mug", "description": "Kept as typed", field: typed})

    assert reply.status_code == 422
    assert problems(reply) == [words]
    assert "<title>Error: " in reply.text
    assert field == "description" or "Kept as typed" in reply.text
    assert field == "name" or fields_of(reply.text)["name"] == "Blue mug"


def test_an_empty_form_reports_every_missing_field(owner, goods):
    reply = goods.press(owner, "/admin/products/new")

    assert reply.status_code == 422
    assert len(problems(reply)) == 5


@both_databases
@pytest.mark.parametrize(
    "name", [CANARY, 'O\'Neill "the" mug; DROP TABLE', "Kikombe 🎉", "a\0b", "{{ 7*7 }} ${x} %s %(x)s"]
)
def test_hostile_names_are_shown_as_they_were_typed(owner, shopper, goods, name):
    added = goods.added(owner, name=name, description=name, sku="ODD")

    shopper.get(f"/products/{goods.product(added).slug}")
    shopper.get("/")
    for address in (f"/admin/products/{added}", f"/admin/products/{added}/edit", "/admin/products", "/admin/stock/ODD"):
        assert owner.get(address).status_code == 200
    assert shopper.page.findtext(".//h1")
    assert shopper.buy("ODD").status["payment"] == "awaiting"


def test_a_changed_price_is_in_the_audit_log_with_both_values(owner, shopper, goods):
    added = goods.added(owner)

    reply = goods.edit(owner, added, **{"price-MUG-BLU": "1,300", "name": "Indigo mug", "description": "New words"})

    assert reply.status_code == 303
    assert "KSh 1,300" in shopper.get("/products/blue-mug").text
    words = goods.acts()[-1]
    assert "name from “Blue mug” to “Indigo mug”" in words
    assert "price of MUG-BLU from KSh 1,250 to KSh 1,300" in words
    assert "Indigo mug" in shopper.get("/search?q=indigo+mug+new").text
    assert "price of MUG-BLU" in owner.get(f"/admin/products/{added}").text


def test_a_new_name_keeps_the_address_until_the_address_is_changed(owner, shopper, goods):
    added = goods.added(owner)
    goods.edit(owner, added, name="Green mug")
    assert shopper.get("/products/blue-mug").status_code == 200

    assert goods.edit(owner, added, slug="Green Mug!").status_code == 303

    assert shopper.get("/products/green-mug").status_code == 200
    assert shopper.get("/products/blue-mug").headers["Location"] == "/products/green-mug"


def test_an_address_of_another_product_is_refused_with_its_name(owner, goods):
    reply = goods.edit(owner, goods.added(owner), slug="beaded-star")

    assert problems(reply) == ["“Beaded star ornament” has the address beaded-star already: choose another"]


def test_variants_are_ordered_relabelled_and_archived(app, owner, shopper, goods):
    [star] = [p for p in range(1, 44) if goods.product(p).slug == "beaded-star"]

    goods.edit(owner, star, **{"place-STA-BEA-ONE": "2", "place-STA-BEA-SIX": "1", "label-STA-BEA-SIX": "Six of them"})
    assert goods.skus(star) == {"STA-BEA-SIX": "Six of them", "STA-BEA-ONE": "One star"}

    shopper.add("STA-BEA-ONE")
    goods.edit(owner, star, **{"active-STA-BEA-ONE": None})
    assert "no longer sold" in shopper.get("/cart").text
    reply = goods.edit(owner, star, **{"active-STA-BEA-SIX": None})
    assert problems(reply) == ["Leave one variant for sale, or archive the whole product instead"]


def test_variants_with_the_same_label_are_refused(owner, goods):
    reply = goods.edit(owner, 1, **{"label-STA-BEA-SIX": "ONE star"})
    assert problems(reply) == ["Two variants for sale are called “One star”: change one or archive it"] or problems(
        reply
    ) == ["Two variants for sale are called “ONE star”: change one or archive it"]

    reply = goods.edit(owner, 1, **{"label-STA-BEA-SIX": ""})
    assert problems(reply) == ["Give each variant a label: buyers choose by it"]


@both_databases
def test_an_archived_product_leaves_shop_and_carts_but_unpaid_orders_keep_their_pieces(owner, shopper, goods):
    added = goods.added(owner)
    bought = shopper.buy("MUG-BLU", 2)
    shopper.add("MUG-BLU")
    form = {**shopper.fill_checkout()}

    assert goods.press(owner, f"/admin/products/{added}/archive").status_code == 303

    assert shopper.get("/products/blue-mug").status_code == 410
    assert "no longer sold" in shopper.get("/cart").text
    assert "MUG-BLU" not in str(shopper.post("/checkout", form).headers.get("Location"))
    assert goods.variant("MUG-BLU").held == 2
    bought.post_callback(bought.callback())
    assert bought.status["payment"] == "paid"
    assert (goods.variant("MUG-BLU").on_hand, goods.variant("MUG-BLU").held) == (5, 0)
    assert "Archived" in owner.get(f"/admin/products/{added}").text

    goods.press(owner, f"/admin/products/{added}/restore")
    assert shopper.get("/products/blue-mug").status_code == 200
    assert goods.acts()[-2:] == ["Archived product Blue mug", "Put on sale again product Blue mug"]


@both_databases
def test_a_product_archived_during_the_checkout_is_not_held(app, owner, shopper, goods, monkeypatch):
    from shop.checkout import views

    added = goods.added(owner)
    shopper.add("MUG-BLU")
    form = shopper.fill_checkout()
    shopper.post("/checkout", {**form, "apply": "code"})
    place = views.place_order

    def archived_first(*order):
        write(lambda: db.session.execute(update(Product).where(Product.id == added).values(active=False)))
        return place(*order)

    monkeypatch.setattr(views, "place_order", archived_first)
    replies = [shopper.post("/checkout", form)]
    if "The total is" in replies[-1].text:
        from tests.shopper import hidden_fields

        replies.append(shopper.post("/checkout", {**form, **hidden_fields(replies[-1].text)}))

    assert replies[-1].status_code == 200
    assert goods.variant("MUG-BLU").held == 0


def test_archiving_a_product_twice_is_reported(owner, goods):
    added = goods.added(owner)
    goods.press(owner, f"/admin/products/{added}/archive")
    goods.press(owner, f"/admin/products/{added}/archive")

    assert "Blue mug is archived already" in owner.get(f"/admin/products/{added}").text
    assert goods.acts().count("Archived product Blue mug") == 1


@both_databases
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
    assert shown[goods.field("price-MUG-BLU")] == "1400"

    assert owner.post(f"/admin/products/{added}/edit", shown).status_code == 303
    assert (goods.product(added).name, goods.product(added).description) == ("Mine", "Also mine")
    assert goods.variant("MUG-BLU").price == 1400


def test_a_long_description_that_another_user_wrote_is_shown_below_the_one_that_was_typed(owner, second, goods):
    added = goods.added(owner)
    mine = goods.form(owner, added)
    goods.edit(second, added, description=f"{'Theirs ' * 20}\n\nLast line")

    reply = owner.post(f"/admin/products/{added}/edit", {**mine, "description": "Mine"})

    assert reply.status_code == 409
    assert "<p>Last line</p>" in reply.text
    assert fields_of(reply.text)["description"] == "Mine"


def test_a_tick_that_another_user_changed_is_kept_when_the_form_is_saved_again(owner, second, goods):
    mine = goods.form(owner, 1)
    goods.edit(second, 1, **{"active-STA-BEA-SIX": None})

    reply = owner.post("/admin/products/1/edit", {**mine, "name": "Mine"})

    assert "STA-BEA-SIX was for sale when you opened this page; it is archived now" in problems(reply)
    assert owner.post("/admin/products/1/edit", fields_of(reply.text)).status_code == 303
    assert not goods.variant("STA-BEA-SIX").active
    assert goods.variant("STA-BEA-ONE").active


def test_variants_that_another_user_added_are_reported_and_kept_when_the_form_is_saved_again(owner, second, goods):
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
    from tests.faults.at_once import at_once

    added = goods.added(owner)
    forms = [(person, goods.form(person, added)) for person in (owner, second)]

    def press(person, form, name):
        return person.browser.post(f"/admin/products/{added}/edit", data={**form, "name": name})

    replies = at_once(
        [lambda p=p, f=f, n=n: press(p, f, n) for (p, f), n in zip(forms, ("First", "Second"), strict=True)]
    )

    assert sorted(reply.status_code for reply in replies) == [303, 409]
    assert goods.product(added).version == 1


def test_staff_may_see_products_and_change_stock_only(staff, owner, goods):
    added = goods.added(owner)
    for address in ("/admin/products", f"/admin/products/{added}", "/admin/stock/MUG-BLU"):
        assert staff.get(address).status_code == 200
    assert "Archive" not in staff.get(f"/admin/products/{added}").text.replace("Archived", "")

    for address in ("new", f"{added}/edit", f"{added}/options", f"{added}/variants/new"):
        assert staff.get(f"/admin/products/{address}").status_code == 403
        assert goods.press(staff, f"/admin/products/{address}").status_code == 403
    for act in ("archive", "restore"):
        assert goods.press(staff, f"/admin/products/{added}/{act}").status_code == 403
    assert staff.get("/admin/categories").status_code == 403
    assert goods.stock(staff, "MUG-BLU", "received", "3").status_code == 303


@pytest.mark.parametrize("number", ["0", "999", "99999999999999999999", "abc", "-1", "1%00"])
def test_a_forged_id_is_not_found(owner, number):
    for address in (
        "products/{}",
        "products/{}/edit",
        "products/{}/options",
        "products/{}/variants/new",
        "products/{}/images",
    ):
        assert owner.get("/admin/" + address.format(number)).status_code == 404
    assert owner.get(f"/admin/categories/{number}").status_code == 404


def test_a_product_is_not_changed_by_another_products_variants(app, owner, goods):
    added = goods.added(owner)
    other = goods.variant(SKU)

    goods.edit(owner, added, **{"name": "Still", f"price-{SKU}": "1"})

    assert goods.variant(SKU).price == other.price


def test_every_product_of_the_demo_shop_can_be_saved_unchanged(app, owner, goods):
    with app.app_context():
        ids = list(db.session.scalars(select(Product.id)))
        before = db.session.execute(select(Variant.sku, Variant.price, Variant.label).order_by(Variant.id)).all()

    for number in ids:
        assert goods.edit(owner, number).status_code == 303

    with app.app_context():
        assert (
            db.session.execute(select(Variant.sku, Variant.price, Variant.label).order_by(Variant.id)).all() == before
        )
    assert not [words for words in goods.acts() if words.startswith("Changed")]
