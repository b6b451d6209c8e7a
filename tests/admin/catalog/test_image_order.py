"""The images of a product: order, descriptions, removal, and their history."""

import re
from html import unescape

import pytest
from sqlalchemy import select

from shop.accounts.models import AuditLogEntry
from shop.catalog.images import gallery
from shop.catalog.images.paths import files_of
from shop.catalog.models import Product, ProductImage, Variant
from shop.core.database import db, write
from tests import both_databases
from tests.admin_client import DONE
from tests.faults.at_once import at_once
from tests.image_fixtures import SLUG, act, ids, on_disk, paths
from tests.malicious_files import photo
from tests.page_checks import CANARY
from tests.shopper import hidden_fields


def test_an_image_without_a_description_gets_the_name_of_the_product(app, owner, images_page, sends):
    sends(("a.jpg", photo()), alt=" \0 ")

    with app.app_context():
        name, alt = db.session.execute(
            select(Product.name, ProductImage.alt).join(ProductImage).where(ProductImage.path.like("media/%"))
        ).one()
    assert alt == name
    reply = act(owner, images_page, "words", image=ids(app)[1], alt="🫖 " + CANARY)
    assert reply.status_code == 303
    assert "🫖 &lt;canary&gt;" in owner.get(f"/products/{SLUG}").text
    too_long = act(owner, images_page, "words", image=ids(app)[1], alt="y" * 5000)
    assert too_long.status_code == 422
    assert "these are 5000" in too_long.text


@both_databases
def test_images_are_moved_and_removed_and_the_card_shows_the_first(app, owner, images_page, sends, tmp_path):
    sends(("a.jpg", photo()), ("b.jpg", photo()))
    drawing, first, second = paths(app)
    one, two, three = ids(app)

    act(owner, images_page, "move", image=three, to="first")
    assert paths(app) == [second, drawing, first]
    act(owner, images_page, "move", image=three, to="later")
    assert paths(app) == [drawing, second, first]
    act(owner, images_page, "move", image=one, to="earlier")  # where it is already
    assert paths(app) == [drawing, second, first]
    act(owner, images_page, "remove", image=one)
    assert paths(app) == [second, first]
    assert f"{second}-320.jpg" in owner.get("/categories/kitchen").text
    assert set(files_of(first) + files_of(second)) == set(on_disk(tmp_path))
    with app.app_context():
        words = db.session.scalars(select(AuditLogEntry.words).where(DONE).order_by(AuditLogEntry.id)).all()
    assert [line.split(" ")[0] for line in words] == ["Added", "Moved", "Moved", "Moved", "Removed"]
    act(owner, images_page, "remove", image=two)
    act(owner, images_page, "remove", image=three)
    assert paths(app) == []
    assert "no-image.svg" in owner.get(f"/products/{SLUG}").text
    assert "No images yet" in owner.get(images_page).text


@pytest.mark.parametrize("what", ["move", "words", "remove"])
@pytest.mark.parametrize("image", ["", "0", "999999", "9" * 400, "1", "x", "-1", "\0", "١"])
def test_an_image_of_another_product_is_not_changed(app, owner, images_page, what, image):
    with app.app_context():
        before = db.session.execute(select(ProductImage.id, ProductImage.position, ProductImage.alt)).all()
    reply = act(owner, images_page, what, image=image, alt="mine", to="later")

    assert reply.status_code == 303
    assert "That image is no longer there" in owner.get(images_page).text
    with app.app_context():
        assert db.session.execute(select(ProductImage.id, ProductImage.position, ProductImage.alt)).all() == before


def test_a_move_to_nowhere_is_refused(app, owner, images_page):
    assert act(owner, images_page, "move", image=ids(app)[0], to="sideways").status_code == 400


def test_staff_may_not_touch_images(staff, images_page):
    token = hidden_fields(staff.get("/admin/").text)["csrf_token"]

    assert staff.get(images_page).status_code == 403
    for what in ("", "/move", "/words", "/remove"):
        assert staff.post(images_page + what, {"csrf_token": token}).status_code == 403


@both_databases
def test_images_moved_at_the_same_moment_each_keep_a_position_of_their_own(app, owner, images_page, sends):
    number = int(images_page.split("/")[3])
    sends(("a.jpg", photo()), ("b.jpg", photo()), ("c.jpg", photo()))
    everything = ids(app)

    def moving(image, actor):
        def do():
            with app.app_context():
                write(lambda: gallery.move(gallery.lock_product(number), image, actor))

        return do

    at_once([moving(everything[0], 3), moving(everything[3], -3), moving(everything[1], 1), moving(everything[2], -1)])

    with app.app_context():
        places = db.session.scalars(select(ProductImage.position).where(ProductImage.product_id == number)).all()
    assert sorted(places) == [0, 1, 2, 3]
    assert sorted(ids(app)) == sorted(everything)


def history(owner, images_page):
    """What the product's own page says was changed, oldest first."""
    page = owner.get(images_page.removesuffix("/images")).text
    return [unescape(words) for words in re.findall(r"<li>(.*?) <time", page.partition('id="edits"')[2])][::-1]


@both_databases
def test_changes_of_images_are_in_the_history_of_the_product(app, owner, images_page, sends):
    sends(("a.jpg", photo()), ("b.jpg", photo()), alt="Teapot")
    one, two, three = ids(app)
    act(owner, images_page, "move", image=one, to="earlier")  # where it is already: nothing to tell
    act(owner, images_page, "move", image=three, to="first")
    act(owner, images_page, "words", image=two, alt=f"From above {CANARY}")
    act(owner, images_page, "words", image=two, alt=f"From above {CANARY}")
    act(owner, images_page, "remove", image=one)

    assert history(owner, images_page) == [
        "added 2 images",
        "changed the order of the images",
        f"description of an image from “Teapot” to “From above {CANARY}”",
        "removed an image",
    ]


def test_a_change_of_images_is_no_conflict_for_the_form_of_the_product(app, owner, images_page, sends, goods):
    number = int(images_page.split("/")[3])
    form = goods.form(owner, number)
    sends(("a.jpg", photo()))

    reply = owner.post(f"/admin/products/{number}/edit", {**form, "name": "Teapot for two"})

    assert reply.status_code == 303
    assert goods.product(number).name == "Teapot for two"
    assert history(owner, images_page)[0] == "added an image"


@both_databases
def test_an_image_is_assigned_to_a_variant_and_back_to_the_whole_product(app, owner):
    with app.app_context():
        product = db.session.scalars(select(Product).where(Product.slug == "stoneware-mug")).one()
        address, third = f"/admin/products/{product.id}/images", product.images[2].id

    def shown_by(sku):
        with app.app_context():
            return db.session.scalar(select(Variant.image_id).where(Variant.sku == sku))

    assert "Image 3 is for" in owner.get(address).text
    assert act(owner, address, "shows", image=third, shows="sku:MUG-SPE-CRE").status_code == 303
    assert (shown_by("MUG-SPE-CRE"), shown_by("MUG-SPE-LEA")) == (third, None)
    act(owner, address, "shows", image=third, shows="")
    assert shown_by("MUG-SPE-CRE") is None
    for nonsense in ("sku:NO-SUCH", CANARY, "9:x"):
        assert act(owner, address, "shows", image=third, shows=nonsense).status_code == 303
    assert act(owner, address, "shows", image=10**8, shows="sku:MUG-SPE-CRE").status_code == 303
    assert shown_by("MUG-SPE-CRE") is None
