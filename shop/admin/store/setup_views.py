"""Set up your shop: the steps from an empty shop to the first sale, ticked off by themselves, and removing the demo."""

from dataclasses import dataclass

from flask import current_app, flash, redirect, render_template, url_for
from sqlalchemy import exists, func, select
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit
from shop.accounts.permissions import admin, may
from shop.catalog.models import Product, ProductImage
from shop.catalog.navigation import category_links
from shop.catalog.product_feed import feed_token
from shop.config import Settings
from shop.core.database import db, write
from shop.demo_data import RemovedDemo, remove_demo
from shop.orders.models import Order
from shop.orders.states import Payment
from shop.pricing.models import DeliveryArea
from shop.store.content_pages import page_links
from shop.store.models import ContentPage, HomeSection
from shop.store.settings import StoreSettings, clear_store_cache
from shop.web.confirmation_page import ask_for_confirmation


@dataclass(frozen=True)
class Step:
    """One step. `done` is read from the shop itself, so nothing has to be ticked."""

    name: str
    words: str
    endpoint: str
    done: bool


def setup_steps() -> list[Step]:
    """The steps in their order, read with one query."""
    settings = StoreSettings
    row = db.session.execute(
        select(
            exists().where((settings.name != "") & ((settings.phone != "") | (settings.whatsapp != ""))),
            exists().where(settings.logo != "", settings.logo.not_like("img/%")),  # of the demo: img/logo.svg
            exists().where((settings.colour != "") | (settings.corners != "") | (settings.typeface != "")),
            exists().where(HomeSection.demo.is_(False)),
            exists().where(DeliveryArea.demo.is_(False), DeliveryArea.active),
            exists().where(
                Product.demo.is_(False),
                Product.published,
                ProductImage.product_id == Product.id,
                ProductImage.position == 0,
            ),
            exists().where(ContentPage.active, ContentPage.demo.is_(False)),
            ~exists().where(Product.demo),
            exists().where(Order.id.is_not(None)),
            exists().where(Order.payment == Payment.PAID),
        )
    ).one()
    steps = (
        ("Name and contacts", "What your shop is called, and how buyers reach you.", "admin.settings"),
        ("Logo", "It stands on every page and receipt.", "admin.settings"),
        ("Look", "Your colour, corners and typeface.", "admin.look"),
        ("Home page", "A picture and a sentence of your own.", "admin.home_page"),
        ("Delivery", "Where you deliver or hand over, and for how much.", "admin.delivery_areas"),
        ("Products with photos", "Add the first one; its sizes and colours follow.", "admin.product_new"),
        ("Delivery and returns, terms", "Start from our texts.", "admin.content_pages"),
        ("Demo removed", "Take our products out of your shop.", "admin.setup"),
        ("First test order", "Buy something yourself, as a buyer would.", "catalog.home"),
        ("Payment tried", "Pay it, and see the order become paid.", "admin.orders"),
    )
    return [Step(*step, bool(done)) for step, done in zip(steps, row, strict=True)]


@admin.get("/setup")
@may("owner")
def setup() -> str:
    """The steps, and the button that removes the demo."""
    steps = setup_steps()
    demo = db.session.scalar(select(func.count(Product.id)).where(Product.demo)) or 0
    settings: Settings = current_app.config["SETTINGS"]
    feed = settings.shop_url + url_for("catalog.product_feed", token=feed_token(settings), kind="csv")
    done = sum(step.done for step in steps)
    return render_template("admin/store/setup.html", steps=steps, done=done, demo=demo, feed=feed)


@admin.post("/setup/remove-demo")
@may("owner")
def setup_remove_demo() -> AnyResponse:
    """Take the demo out of the shop, after asking."""
    asked = ask_for_confirmation(
        "Remove the demo?",
        "Its products, categories, discount codes and home page go. Products that were ordered are archived, because "
        "their orders name them. What you have changed stays, and so do the pages, for you to read and change.",
        button="Remove the demo",
        back=url_for("admin.setup"),
    )
    if asked:
        return asked
    removed = write(_remove)
    clear_store_cache()
    category_links.clear()
    page_links.clear()
    flash(_words(removed), "good")
    return redirect(url_for("admin.setup"), 303)


def _remove() -> RemovedDemo:
    removed = remove_demo()
    audit(f"Removed the demo: {removed.deleted} products deleted, {removed.archived} archived")
    return removed


def _words(removed: RemovedDemo) -> str:
    words = f"The demo is removed: {removed.deleted} products deleted, {removed.archived} archived"
    return f"{words}. Its delivery areas stay until you add one of your own" if removed.areas_left else words
