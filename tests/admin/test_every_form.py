"""Every form that is posted anywhere: it says what its page showed, makes its thing once, or stands here with a reason.

A new form that does none of these fails this file.
"""

from dataclasses import dataclass, field
from io import BytesIO

import pytest
from sqlalchemy import func, select, update

from shop.accounts.models import OneTimeLink, User
from shop.cart.models import SharedCart
from shop.catalog.csv_import.drafts import ImportDraft
from shop.catalog.models import Category, Product, ProductImage, Variant
from shop.core.database import db, write
from shop.pricing.models import DeliveryArea, DiscountCode
from shop.store.settings import StoreSettings
from tests import both_databases
from tests.admin_client import STAFF, AdminClient, create_staff
from tests.at_once import at_once
from tests.forms_served import forms_on
from tests.product_factory import fields_of, problems
from tests.shopper import SKU, hidden_fields

# What each form carries of what its page showed: the shop's one way (shop/web/fingerprints.py), or one that is older.
CHANGES = {
    **dict.fromkeys(
        (
            "admin.category",
            "admin.category_move",
            "admin.choose_what_image_shows",
            "admin.describe_image",
            "admin.account_name",
            "admin.move_image",
            "admin.order_correct",
            "admin.product_edit",
            "admin.users_role",
            "admin.remove_logo",
            "admin.delivery_area",
            "admin.delivery_area_act",
            "admin.discount_code",
            "admin.set_logo",
            "admin.settings",
            "admin.stock_change",
        ),
        "fingerprint",
    ),
    "admin.product_options": "version",
    "admin.import_apply": "seen",
    "checkout.submit": "shown",
}
# By what each form is known when it is sent twice: the shop's one way (shop/web/idempotency.py), or an older one.
MAKES = {
    **dict.fromkeys(
        (
            "admin.add_images",
            "admin.cart_link_new",
            "admin.category_new",
            "admin.import_catalogue",
            "admin.users_invite",
            "admin.product_new",
            "admin.product_variant_new",
            "admin.delivery_area_new",
            "admin.discount_code_new",
        ),
        "idempotency_key",
    ),
    "admin.new_order": "checkout_key",
    "admin.order_message": "idempotency_key",
    "admin.order_note": "idempotency_key",
}
SWITCH = "brings one thing into a state that the button names; who comes second is told it is there already"
STEP = "moves an order along its states, by an UPDATE that names the state it was seen in"
MONEY = "an act on money: it carries the state it was seen in, and its own tests try it in between"
SESSION = "concerns nothing but the session or the account of who sends it, and asks for a password or a code"
NEITHER = {
    **dict.fromkeys(
        (
            "admin.cart_link_off",
            "admin.category_archive",
            "admin.category_restore",
            "admin.product_archive",
            "admin.product_restore",
            "admin.remove_image",
            "admin.discount_code_switch",
            "admin.import_forget",
            "admin.users_remove",
            "admin.users_two_factor_off",
            "admin.users_withdraw",
            "admin.users_invite_again",
        ),
        SWITCH,
    ),
    **dict.fromkeys(
        (
            "admin.act_on_orders",
            "admin.order_move",
            "admin.order_step_back",
            "admin.order_undo",
            "admin.undo_orders",
            "admin.order_hand_over",
            "admin.order_without_code",
            "admin.email_retry",
            "admin.email_copy",
            "admin.review_resolve",
            "admin.check_unmatched",
        ),
        STEP,
    ),
    **dict.fromkeys(
        (
            "admin.order_return_goods",
            "admin.order_accept",
            "admin.order_accept_less",
            "admin.order_request_remaining",
            "admin.order_cancel_paid",
            "admin.order_undo_mark_paid",
            "admin.order_resolve_attempt",
            "admin.order_cancel",
            "admin.order_record_refund",
            "admin.order_mark_paid",
            "admin.order_refuse",
            "admin.order_mark_duplicate",
            "admin.order_verify_payment",
        ),
        MONEY,
    ),
    **dict.fromkeys(
        (
            "admin.confirm",
            "admin.account_two_factor_off",
            "admin.account_two_factor_on",
            "admin.account_recovery_codes",
            "admin.account_end_sessions",
            "admin.account_password",
            "accounts.two_factor_code",
            "accounts.forgotten_password",
            "accounts.invitation",
            "accounts.new_password",
            "accounts.login",
            "accounts.logout",
        ),
        SESSION,
    ),
    "admin.mpesa_codes": "only looks up",
    "admin.privacy_anonymise": "names the buyer in the form, and what is gone is gone",
    "admin.privacy_export": "only reads",
    "orders.lookup": "only looks up",
    "cart.add": "adds one to the buyer's own cart: two presses are two pieces, and the page says how many",
    "cart.undo": "puts back what one step of the buyer's own cart took away",
    "cart.update": "sets the buyer's own cart to the quantities typed",
    "cart.share_mine": "makes a link to the buyer's own cart: the same cart again is the same link",
    "cart.take_shared": "fills the buyer's own cart",
    "buyer_acts.again": "fills the buyer's own cart",
    "buyer_acts.cancel": STEP,
    "payments.pay": "guarded by the number of tries in its order (docs/architecture.md)",
    "payments.offer": "writes down a code once for each order",
    "payments.callback": "sent by Chpter, settled by the table",
}
ELSEWHERE = {  # on pages that need an order, a file or a logo, with tests of their own
    "admin.import_apply",
    "admin.order_correct",
    "admin.order_message",
    "admin.order_note",
    "admin.product_options",
    "admin.remove_logo",
}
PAGES = (
    "/admin/me",
    "/admin/settings",
    "/admin/import",
    "/admin/categories",
    "/admin/categories/1",
    "/admin/categories/new",
    "/admin/products/new",
    "/admin/carts/new",
    "/admin/orders/new",
    "/admin/selling/areas",
    "/admin/selling/areas/1",
    "/admin/selling/areas/new",
    "/admin/selling/codes/1",
    "/admin/selling/codes/new",
    "/admin/people/invite",
    f"/admin/stock/{SKU}",
)


def posted(app):
    return {rule.endpoint for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())}


@pytest.fixture
def second(app, provider, owner):
    """Another owner in another browser."""
    other = AdminClient(app, provider)
    assert other.sign_in().status_code == 303
    return other


@pytest.fixture
def prepared(app):
    """Addresses of a product with two variants and two images, and of a member of staff."""
    create_staff(app)
    with app.app_context():
        product_id = db.session.scalar(select(Variant.product_id).where(Variant.sku == SKU))

        def hang():
            db.session.add(ProductImage(product_id=product_id, position=98, path="img/logo.svg", alt="From the side"))
            db.session.add(ProductImage(product_id=product_id, position=99, path="img/favicon.svg", alt="From above"))

        write(hang)
        staff = db.session.scalar(select(User.id).where(User.email == STAFF))
        images = list(db.session.scalars(select(ProductImage.id).where(ProductImage.product_id == product_id)))
    return {"product": f"/admin/products/{product_id}", "staff": f"/admin/people/{staff}", "image": str(images[-1])}


def test_every_posted_form_is_guarded_or_stands_here_with_a_reason(app):
    declared = [*CHANGES, *MAKES, *NEITHER]

    assert sorted(declared) == sorted(set(declared))
    assert posted(app) - set(declared) == set()
    assert set(declared) - posted(app) == set()


def test_every_form_as_it_is_served_carries_what_it_should(app, owner, prepared, shopper):
    shopper.add()
    own = ("", "/edit", "/images", "/variants/new")
    pages = [*PAGES, *(prepared["product"] + more for more in own), prepared["staff"]]
    served = [form for address in pages for form in forms_on(owner.get(address).text, address)]
    served += forms_on(shopper.get("/checkout").text, "/checkout")
    seen = set()
    for form in served:
        if form.method != "POST":
            continue
        endpoint, values = app.url_map.bind("localhost").match(form.action, "POST")
        if endpoint == "admin.delivery_area_act" and values["act"] != "up":
            continue  # on and off: a switch
        carried = CHANGES.get(endpoint) or MAKES.get(endpoint)
        assert carried is None or carried in form.names, f"{form.action} carries no {carried}"
        seen.add(endpoint)

    assert {*CHANGES, *MAKES} - seen == ELSEWHERE


@dataclass(frozen=True)
class Moved:
    """A form that is open while another owner saves the same one."""

    page: str
    mine: dict[str, str]
    theirs: dict[str, str]
    words: str
    action: str = ""
    saves: int = 303
    options: dict[str, str] = field(default_factory=dict)


MOVED = {
    "area": Moved("/admin/selling/areas/1", {"delivery_time": "9 days"}, {"fee": "777"}, "it is 777 now"),
    "code": Moved("/admin/selling/codes/1", {"minimum_subtotal": "900"}, {"value": "11"}, "it is 11 now"),
    "settings": Moved("/admin/settings", {"tagline": "Honey"}, {"address": "Stall 9"}, "it is Stall 9 now"),
    "category": Moved("/admin/categories/1", {"blurb": "For tea"}, {"name": "Vikapu"}, "it is Vikapu now"),
    "product": Moved("{product}/edit", {"description": "Woven"}, {"name": "Kiondo kipya"}, "Kiondo kipya"),
    "stock": Moved(
        f"/admin/stock/{SKU}", {"kind": "counted", "pieces": "10"}, {"kind": "received", "pieces": "3"}, "3 came by"
    ),
    "my name": Moved("/admin/me", {"name": "Wanjiku"}, {"name": "Achieng"}, "it is Achieng now", "/admin/me/name"),
    "role": Moved("{staff}", {"role": "staff"}, {"role": "owner"}, "it is Owner now", "{staff}/role"),
    "image": Moved(
        "{product}/images", {"alt": "Mine"}, {"alt": "Theirs"}, "it is Theirs now", "{product}/images/words"
    ),
    "order of images": Moved(
        "{product}/images", {"to": "earlier"}, {"to": "first"}, "order of the images", "{product}/images/move"
    ),
    "order of categories": Moved(
        "/admin/categories", {"to": "down"}, {"to": "down"}, "order of the categories", "/admin/categories/1/move"
    ),
    "order of areas": Moved("/admin/selling/areas", {}, {}, "order of the areas", "/admin/selling/areas/3/up"),
}


def filled(person, page, action, image, answers):
    """The form of a page that leads to `action`, as a browser would send it, with these answers."""
    html = person.get(page).text
    parts = [part.partition("</form>")[0] for part in html.split("<form")[1:]]
    named = [part for part in parts if f'action="{action}"' in part.partition(">")[0]]
    mine = [part for part in named if f'name="image" value="{image}"' in part] or named
    return {**fields_of("<main>" + mine[0].partition(">")[2]), **answers}


@pytest.mark.parametrize("case", MOVED)
def test_a_form_whose_thing_moved_meanwhile_saves_nothing_says_so_and_saves_when_pressed_again(
    app, owner, second, prepared, case
):
    moved = MOVED[case]
    page, action = (text.format(**prepared) for text in (moved.page, moved.action or moved.page))
    mine, theirs = (
        filled(person, page, action, prepared["image"], answers)
        for person, answers in ((owner, moved.mine), (second, moved.theirs))
    )
    assert second.post(action, theirs).status_code == 303

    reply = owner.post(action, mine)

    assert reply.status_code == 409
    assert moved.words in reply.text
    again = fields_of(reply.text)
    if case != "role":  # there one chose what the page had shown
        assert {name: again.get(name) for name in moved.mine} == moved.mine
    other = {name: value for name, value in moved.theirs.items() if name not in moved.mine}
    assert {name: again.get(name) for name in other} in (other, {"kind": "counted", "pieces": "10"}, {})
    again = filled_again(reply.text, action, again)
    assert owner.post(action, again).status_code == 303


def filled_again(html, action, whole):
    parts = [part.partition("</form>")[0] for part in html.split("<form")[1:]]
    named = [part for part in parts if f'action="{action}"' in part.partition(">")[0]]
    if len(named) == 1:
        return fields_of("<main>" + named[0].partition(">")[2])
    return whole


MADE = (Product, Variant, Category, DeliveryArea, DiscountCode, SharedCart, OneTimeLink, ImportDraft, ProductImage)
TWICE = {
    "product": (
        "/admin/products/new",
        {
            "name": "Mug",
            "category": "1",
            "price": "10",
            "stock": "5",
            "low_stock_threshold": "1",
            "sku": "",
            "description": "",
        },
    ),
    "category": ("/admin/categories/new", {"name": "Hats", "blurb": ""}),
    "area": ("/admin/selling/areas/new", {"kind": "brought", "name": "Thika", "fee": "350", "delivery_time": "2 days"}),
    "code": ("/admin/selling/codes/new", {"code": "ONCE10", "kind": "percent", "value": "10"}),
    "cart link": ("/admin/carts/new", {"title": "Gift", "q": "", f"quantity-{SKU}": "2"}),
    "invitation": ("/admin/people/invite", {"email": "new@example.com", "role": "staff"}),
    "variant": (
        "{product}/variants/new",
        {"label": "Huge", "value_1": "Huge", "price": "10", "stock": "5", "low_stock_threshold": "1", "sku": ""},
    ),
    "import": ("/admin/import", {"file": "SKU,Price\r\nKIO-CLA-TER,2600\r\n"}),
}


def made(app):
    with app.app_context():
        return {model: db.session.scalar(select(func.count()).select_from(model)) for model in MADE}


@both_databases
@pytest.mark.parametrize("case", TWICE)
def test_a_form_that_makes_something_makes_it_once_however_often_it_is_sent(app, owner, prepared, case):
    page, answers = TWICE[case]
    page = page.format(**prepared)

    def press(form):
        form = dict(form)
        if "file" in form:
            form["file"] = (BytesIO(form["file"].encode()), "goods.csv")
        return owner.browser.post(page, data=form, content_type="multipart/form-data")

    form = {**fields_of(owner.get(page).text), **answers}
    before = made(app)
    replies = at_once([lambda: press(form)] * 2)
    after = made(app)
    replies.append(press(form))

    assert [reply.status_code for reply in replies] == [303] * 3, [problems(reply) for reply in replies]
    assert len({reply.headers["Location"] for reply in replies}) == 1
    assert {model.__tablename__: after[model] - before[model] for model in MADE if after[model] != before[model]} in (
        {"product": 1, "variant": 1},
        *({model.__tablename__: 1} for model in MADE),
    )
    assert made(app) == after


def test_a_photo_that_is_sent_twice_hangs_once(app, owner, prepared):
    from tests.malicious_files import photo

    page = f"{prepared['product']}/images"
    form = {**hidden_fields(owner.get(page).text, page), "alt": "From the side"}
    before = made(app)

    for _ in range(2):
        reply = owner.post(page, {**form, "images": (BytesIO(photo()), "a.jpg")}, content_type="multipart/form-data")
        assert reply.headers["Location"] == page

    assert made(app)[ProductImage] == before[ProductImage] + 1


def test_the_logo_that_was_changed_meanwhile_is_not_removed(app, owner):
    def show(path):
        with app.app_context():
            clerk_form = db.session.get(StoreSettings, 1)
            if clerk_form is None:
                write(lambda: db.session.add(StoreSettings(id=1, logo=path)))
            else:
                write(lambda: db.session.execute(update(StoreSettings).values(logo=path)))

    show("media/1-2-3-x/a")
    form = {"csrf_token": hidden_fields(owner.get("/admin/settings").text)["csrf_token"]}
    form |= {"fingerprint": "=the+logo&logo=%3Dmedia%2F1-2-3-x%2Fa"}
    show("media/1-2-3-x/b")

    reply = owner.post("/admin/settings/logo/remove", form)

    assert reply.status_code == 409
    assert "The logo was" in reply.text
    assert owner.post("/admin/settings/logo/remove", fields_of(reply.text)).status_code == 303
