"""The images of a product: order, descriptions, removal, and their history."""

import re
from html import unescape

from sqlalchemy import select

from shop.accounts.models import AuditLogEntry
from shop.catalog.images import gallery
from shop.catalog.images.paths import files_of
from shop.catalog.models import Product, ProductImage, Variant
from shop.core.database import db, write
from tests import both_databases
from tests.admin_client import DONE
from tests.at_once import at_once
from tests.image_fixtures import SLUG, act, ids, on_disk, paths
from tests.malicious_files import photo
from tests.page_checks import CANARY


def history(owner, images_page):
    """What the product's own page says was changed, oldest first."""
    page = owner.get(images_page.removesuffix("/images")).text
    return [unescape(words) for words in re.findall(r"<li>(.*?) <time", page.partition('id="edits"')[2])][::-1]


def test_an_image_without_a_description_gets_the_name_of_the_product(app, owner, images_page, sends):
    sends(("a.jpg", photo()), alt=" \0 ")

    with app.app_context():
        uploaded = select(Product.name, ProductImage.alt).join(ProductImage).where(ProductImage.path.like("media/%"))
        name, alt = db.session.execute(uploaded).one()
    assert alt == name
    reply = act(owner, images_page, "words", image=ids(app)[1], alt="🫖 " + CANARY)
    assert reply.status_code == 303
    assert "🫖 &lt;canary&gt;" in owner.get(f"/products/{SLUG}").text
    too_long = act(owner, images_page, "words", image=ids(app)[1], alt="y" * 5000)
    assert too_long.status_code == 422
    assert "these are 5000" in too_long.text


@both_databases
def test_images_are_moved_described_and_removed_and_the_product_has_the_history(
    app, owner, images_page, sends, tmp_path
):
    sends(("a.jpg", photo()), ("b.jpg", photo()), alt="Teapot")
    drawing, first, second = paths(app)
    one, two, three = ids(app)

    act(owner, images_page, "move", image=three, to="first")
    assert paths(app) == [second, drawing, first]
    act(owner, images_page, "move", image=three, to="later")
    assert paths(app) == [drawing, second, first]
    act(owner, images_page, "move", image=one, to="earlier")  # where it is already
    assert paths(app) == [drawing, second, first]
    for _ in range(2):
        act(owner, images_page, "words", image=two, alt=f"From above {CANARY}")
    act(owner, images_page, "remove", image=one)
    assert paths(app) == [second, first]
    assert f"{second}-320.jpg" in owner.get("/categories/kitchen").text
    assert set(files_of(first) + files_of(second)) == set(on_disk(tmp_path))

    with app.app_context():
        words = db.session.scalars(select(AuditLogEntry.words).where(DONE).order_by(AuditLogEntry.id)).all()
    assert [line.split(" ")[0] for line in words] == ["Added", *["Moved"] * 3, *["Described"] * 2, "Removed"]
    assert history(owner, images_page) == [
        "added 2 images",
        "changed the order of the images",
        "changed the order of the images",
        f"description of an image from “Teapot” to “From above {CANARY}”",
        "removed an image",
    ]

    act(owner, images_page, "remove", image=two)
    act(owner, images_page, "remove", image=three)
    assert paths(app) == []
    assert "no-image.svg" in owner.get(f"/products/{SLUG}").text
    assert "No images yet" in owner.get(images_page).text


def test_an_image_of_another_product_is_not_changed(app, owner, images_page):
    def everything():
        with app.app_context():
            return db.session.execute(select(ProductImage.id, ProductImage.position, ProductImage.alt)).all()

    before = everything()
    for what in ("move", "words", "remove"):
        for image in ("", "999999", "9" * 400, "1", "\0", "١"):
            assert act(owner, images_page, what, image=image, alt="mine", to="later").status_code == 303
            assert "That image is no longer there" in owner.get(images_page).text
    assert act(owner, images_page, "move", image=ids(app)[0], to="sideways").status_code == 400
    assert everything() == before


@both_databases
def test_images_moved_at_the_same_moment_each_keep_a_position_of_their_own(app, images_page, sends):
    number = int(images_page.split("/")[3])
    sends(("a.jpg", photo()), ("b.jpg", photo()), ("c.jpg", photo()))
    before = ids(app)

    def move(image, steps):
        with app.app_context():
            write(lambda: gallery.move(gallery.lock_product(number), image, steps))

    moves = zip(before, (3, 1, -1, -3), strict=True)
    at_once([lambda image=image, steps=steps: move(image, steps) for image, steps in moves])

    with app.app_context():
        places = db.session.scalars(select(ProductImage.position).where(ProductImage.product_id == number)).all()
    assert sorted(places) == [0, 1, 2, 3]
    assert sorted(ids(app)) == sorted(before)


def test_a_change_of_images_is_no_conflict_for_the_form_of_the_product(owner, images_page, sends, goods):
    number = int(images_page.split("/")[3])
    form = goods.form(owner, number)
    sends(("a.jpg", photo()))

    reply = owner.post(f"/admin/products/{number}/edit", {**form, "name": "Teapot for two"})

    assert reply.status_code == 303
    assert goods.product(number).name == "Teapot for two"


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
    for image, unknown in ((third, "sku:NO-SUCH"), (third, CANARY), (third, "9:x"), (10**8, "sku:MUG-SPE-CRE")):
        assert act(owner, address, "shows", image=image, shows=unknown).status_code == 303
    assert shown_by("MUG-SPE-CRE") is None
