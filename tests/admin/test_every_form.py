"""Every posted form carries a fingerprint or an idempotency key, or is listed here with the reason why not."""

from dataclasses import dataclass
from io import BytesIO

import pytest
from sqlalchemy import func, select

from shop.accounts.models import OneTimeLink, User
from shop.cart.models import SharedCart
from shop.catalog.csv_import.drafts import ImportDraft
from shop.catalog.models import Category, Product, ProductImage, Variant
from shop.core.database import db, write
from shop.pricing.models import DeliveryArea, DiscountCode
from tests import both_databases
from tests.admin_client import STAFF, AdminClient, create_staff
from tests.at_once import at_once
from tests.forms_served import forms_on
from tests.malicious_files import photo
from tests.product_factory import MUG, fields_of, problems
from tests.shopper import SKU, hidden_fields

FINGERPRINT = (
    *("admin.account_name", "admin.category", "admin.category_move", "admin.choose_what_image_shows"),
    *("admin.delivery_area", "admin.delivery_area_act", "admin.describe_image", "admin.discount_code"),
    *("admin.content_page", "admin.home_section", "admin.home_section_up", "admin.look"),
    *("admin.move_image", "admin.order_correct", "admin.product_edit", "admin.remove_logo", "admin.set_logo"),
    *("admin.remove_stand_in", "admin.set_stand_in"),
    *("admin.settings", "admin.stock_change", "admin.users_role"),
)
IDEMPOTENCY_KEY = (
    *("admin.add_images", "admin.cart_link_new", "admin.category_new", "admin.delivery_area_new"),
    *("admin.content_page_new", "admin.home_page_arrange", "admin.home_section_new"),
    *("admin.discount_code_new", "admin.import_catalogue", "admin.order_message", "admin.order_note"),
    *(
        "admin.product_duplicate",
        "admin.product_new",
        "admin.product_stock",
        "admin.product_variant_new",
        "admin.users_invite",
    ),
)
GUARDED = {  # the field that guards each form
    **dict.fromkeys(FINGERPRINT, "fingerprint"),
    **dict.fromkeys(IDEMPOTENCY_KEY, "idempotency_key"),
    "admin.import_apply": "seen",
    "admin.new_order": "checkout_key",
    "admin.product_options": "version",
    "admin.reviews_decide": "version",
    "orders.save_review": "idempotency_key",
    "checkout.submit": "shown",
}
UNGUARDED = {  # by reason
    "brings one record into the state that the button names; the second press is told so": (
        *("admin.cart_link_off", "admin.category_archive", "admin.category_restore", "admin.discount_code_switch"),
        *("admin.content_page_delete", "admin.home_section_remove", "admin.setup_remove_demo"),
        *("admin.import_forget", "admin.product_archive", "admin.product_hide", "admin.product_publish"),
        *("admin.remove_image",),
        *("admin.users_invite_again", "admin.users_remove", "admin.users_two_factor_off", "admin.users_withdraw"),
    ),
    "moves an order or email by an UPDATE that names the state it was read in": (
        *("admin.act_on_orders", "admin.check_unmatched", "admin.email_copy", "admin.email_retry"),
        *("admin.order_hand_over", "admin.order_move", "admin.order_step_back", "admin.order_undo"),
        *("admin.order_without_code", "admin.review_resolve", "admin.undo_orders", "buyer_acts.cancel"),
    ),
    "decides about money: carries the state it was read in, and has tests of its own": (
        *("admin.order_accept", "admin.order_accept_less", "admin.order_cancel", "admin.order_cancel_paid"),
        *("admin.order_mark_duplicate", "admin.order_mark_paid", "admin.order_record_refund", "admin.order_refuse"),
        *("admin.order_request_remaining", "admin.order_resolve_attempt", "admin.order_return_goods"),
        *("admin.order_undo_mark_paid", "admin.order_verify_payment"),
    ),
    "changes only the session or account of its user, and asks for a password or a code": (
        *("accounts.forgotten_password", "accounts.invitation", "accounts.login", "accounts.logout"),
        *("accounts.new_password", "accounts.two_factor_code", "admin.account_end_sessions"),
        *("admin.account_password", "admin.account_recovery_codes", "admin.account_two_factor_off"),
        *("admin.account_two_factor_on", "admin.confirm"),
    ),
    "only reads": ("admin.mpesa_codes", "admin.privacy_export", "orders.lookup"),
    "changes only the buyer's own cart": (
        *("buyer_acts.again", "cart.add", "cart.share_mine", "cart.take_shared", "cart.undo", "cart.update"),
    ),
    "stored or deleted once for each variant and contact": ("admin.stock_told", "back_in_stock.ask"),
    "names the buyer, who can be anonymised only once": ("admin.privacy_anonymise",),
    "guarded by the number of attempts or codes of its order": ("payments.offer", "payments.pay"),
    "sent by Chpter, settled by the table": ("payments.callback",),
}
ELSEWHERE = {  # on pages that need an order, a file or a logo, with tests of their own
    *("admin.import_apply", "admin.order_correct", "admin.order_message", "admin.order_note"),
    *("admin.product_options", "admin.remove_logo", "admin.remove_stand_in"),
    *("admin.home_page_arrange", "admin.home_section", "admin.reviews_decide", "orders.save_review"),
}
PAGES = (
    *("/admin/account", "/admin/settings", "/admin/import", "/admin/users/invite", f"/admin/stock/{SKU}"),
    *("/admin/categories", "/admin/categories/1", "/admin/categories/new", "/admin/products/new"),
    *("/admin/cart-links/new", "/admin/orders/new", "/admin/delivery-areas", "/admin/delivery-areas/1"),
    *("/admin/look", "/admin/home-page", "/admin/home-page/new/facts", "/admin/pages/new", "/admin/pages/1"),
    *("/admin/delivery-areas/new", "/admin/discount-codes/1", "/admin/discount-codes/new"),
    *("{product}", "{product}/edit", "{product}/images", "{product}/stock", "{product}/variants/new", "{staff}"),
)


@pytest.fixture
def prepared(app):
    """Addresses of a product with two variants and two images, and of a staff user."""
    create_staff(app)
    with app.app_context():
        product_id = db.session.scalar(select(Variant.product_id).where(Variant.sku == SKU))
        images = [
            ProductImage(product_id=product_id, position=98, path="img/logo.svg", alt="From the side"),
            ProductImage(product_id=product_id, position=99, path="img/logo.svg", alt="From above"),
        ]
        write(lambda: db.session.add_all(images))
        staff_id = db.session.scalar(select(User.id).where(User.email == STAFF))
        image = str(images[-1].id)
    return {"product": f"/admin/products/{product_id}", "staff": f"/admin/users/{staff_id}", "image": image}


def test_every_posted_form_is_guarded_or_listed_with_a_reason(app):
    posted = {rule.endpoint for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())}

    assert sorted([*GUARDED, *(name for names in UNGUARDED.values() for name in names)]) == sorted(posted)


def test_every_served_form_carries_its_guard(app, owner, prepared, shopper):
    shopper.add()
    pages = [page.format(**prepared) for page in PAGES]
    served = [form for page in pages for form in forms_on(owner.get(page).text, page)]
    served += forms_on(shopper.get("/checkout").text, "/checkout")
    seen = set()
    for form in served:
        if form.method != "POST":
            continue
        endpoint, values = app.url_map.bind("localhost").match(form.action, "POST")
        if endpoint in GUARDED and values.get("act") not in ("on", "off"):
            assert GUARDED[endpoint] in form.names, form.action
            seen.add(endpoint)

    assert set(GUARDED) - seen == ELSEWHERE


@dataclass(frozen=True)
class Changed:
    """A form that is open while another owner saves the same one. `words` are on the page that says so."""

    page: str
    mine: dict[str, str]
    theirs: dict[str, str]
    words: str
    action: str = "{page}"


CHANGED = {
    "area": Changed("/admin/delivery-areas/1", {"delivery_time": "9 days"}, {"fee": "777"}, "it is 777 now"),
    "code": Changed("/admin/discount-codes/1", {"minimum_subtotal": "900"}, {"value": "11"}, "it is 11 now"),
    "settings": Changed("/admin/settings", {"tagline": "Honey"}, {"address": "Stall 9"}, "it is Stall 9 now"),
    "category": Changed("/admin/categories/1", {"blurb": "For tea"}, {"name": "Vikapu"}, "it is Vikapu now"),
    "product": Changed("{product}/edit", {"description": "Woven"}, {"name": "Kiondo kipya"}, "Kiondo kipya"),
    "stock": Changed(
        f"/admin/stock/{SKU}", {"kind": "counted", "pieces": "10"}, {"kind": "received", "pieces": "3"}, "3 came by"
    ),
    "name": Changed(
        "/admin/account", {"name": "Wanjiku"}, {"name": "Achieng"}, "it is Achieng now", "/admin/account/name"
    ),
    "role": Changed("{staff}", {"role": "staff"}, {"role": "owner"}, "it is Owner now", "{page}/role"),
    "image": Changed("{product}/images", {"alt": "Mine"}, {"alt": "Theirs"}, "it is Theirs now", "{page}/words"),
    "images": Changed("{product}/images", {"to": "earlier"}, {"to": "first"}, "order of the images", "{page}/move"),
    "categories": Changed(
        "/admin/categories", {"to": "down"}, {"to": "down"}, "order of the categories", "{page}/1/move"
    ),
    "areas": Changed("/admin/delivery-areas", {}, {}, "order of the areas", "{page}/3/up"),
}


def form_on(html, action, image):
    """The fields of the form that leads to `action`, of several the one of this image."""
    forms = [part.partition("</form>")[0] for part in html.split("<form")[1:]]
    forms = [form for form in forms if f'action="{action}"' in form.partition(">")[0]]
    [form] = [form for form in forms if f'name="image" value="{image}"' in form] or forms[:1]
    return fields_of(f"<main>{form.partition('>')[2]}")


@pytest.mark.parametrize("case", CHANGED)
def test_a_form_whose_record_changed_meanwhile_saves_nothing_says_so_and_saves_when_sent_again(
    app, provider, owner, prepared, case
):
    changed, image = CHANGED[case], prepared["image"]
    page = changed.page.format(**prepared)
    action = changed.action.format(page=page)
    other = AdminClient(app, provider)
    other.sign_in()
    mine = {**form_on(owner.get(page).text, action, image), **changed.mine}
    theirs = {**form_on(other.get(page).text, action, image), **changed.theirs}
    assert other.post(action, theirs).status_code == 303

    reply = owner.post(action, mine)

    assert reply.status_code == 409
    assert changed.words in reply.text
    again = form_on(reply.text, action, image)
    kept = changed.theirs | changed.mine
    if case != "role":  # there the page selects the saved role
        assert {name: again.get(name) for name in kept} == kept
    assert owner.post(action, again).status_code == 303


CREATED = (Product, Variant, Category, DeliveryArea, DiscountCode, SharedCart, OneTimeLink, ImportDraft, ProductImage)
CREATES = {
    "product": ("/admin/products/new", {**MUG, "category": "1"}),
    "category": ("/admin/categories/new", {"name": "Hats", "blurb": ""}),
    "area": (
        "/admin/delivery-areas/new",
        {"kind": "brought", "name": "Thika", "fee": "350", "delivery_time": "2 days"},
    ),
    "code": ("/admin/discount-codes/new", {"code": "ONCE10", "kind": "percent", "value": "10"}),
    "cart link": ("/admin/cart-links/new", {"title": "Gift", "q": "", f"quantity-{SKU}": "2"}),
    "invitation": ("/admin/users/invite", {"email": "new@example.com", "role": "staff"}),
    "variant": ("{product}/variants/new", {**MUG, "label": "Huge", "value_1": "Huge"}),
    "import": ("/admin/import", {"file": b"SKU,Price\r\nKIO-CLA-TER,2600\r\n"}),
    "image": ("{product}/images", {"alt": "From the side", "images": photo()}),
}


def created(app):
    """The number of rows of each table that a form of CREATES adds to."""
    with app.app_context():
        return {model: db.session.scalar(select(func.count()).select_from(model)) for model in CREATED}


@both_databases
@pytest.mark.parametrize("case", CREATES)
def test_a_form_that_creates_something_creates_it_once_however_often_it_is_sent(app, owner, prepared, case):
    page, answers = CREATES[case]
    page = page.format(**prepared)
    form = {**hidden_fields(owner.get(page).text, page), **answers}

    def send():
        sent = {key: (BytesIO(value), "a.csv") if isinstance(value, bytes) else value for key, value in form.items()}
        return owner.browser.post(page, data=sent, content_type="multipart/form-data")

    before = created(app)
    replies = [*at_once([send] * 2), send()]
    after = created(app)

    assert [reply.status_code for reply in replies] == [303] * 3, [problems(reply) for reply in replies]
    assert len({reply.headers["Location"] for reply in replies}) == 1
    added = {model.__tablename__: after[model] - before[model] for model in CREATED if after[model] != before[model]}
    assert added in ({"product": 1, "variant": 1}, *({model.__tablename__: 1} for model in CREATED))
