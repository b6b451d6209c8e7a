"""The list of products, one product, archiving and restoring it."""

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit, current_user_name
from shop.accounts.permissions import admin, may
from shop.admin.catalog.product_list import TABS, list_products, tidy_search
from shop.catalog.back_in_stock import waiting_by_variant
from shop.catalog.models import Category, Product, ProductEdit
from shop.catalog.product_history import begin_edit, end_edit
from shop.catalog.products import product_with_variants, set_active
from shop.core.database import db, write
from shop.web.confirmation_page import ask_for_confirmation
from shop.web.pagination import page_arg

MAX_EDITS = 20  # that the page of a product shows


@admin.get("/products")
@may("staff")
def products() -> str:
    """Products for sale, low in stock, sold out or archived."""
    q = tidy_search(request.args.get("q", ""))
    every = all_categories()
    chosen = next((one for one in every if str(one.id) == request.args.get("category")), None)
    page = list_products(
        request.args.get("tab", ""), q, chosen.id if chosen else None, page_arg(request.args.get("page", ""))
    )

    def link(tab: str = page.tab, number: int = 1, q: str = q, everywhere: bool = False) -> str:
        return url_for(
            "admin.products",
            tab=tab if tab != "sale" else None,
            q=q or None,
            category=chosen.id if chosen and not everywhere else None,
            page=number if number > 1 else None,
        )

    tabs = [(words, page.counts[tab], link(tab), tab == page.tab) for tab, words in TABS.items()]
    return render_template(
        "admin/catalog/products.html",
        page=page,
        q=q,
        category=chosen,
        categories=every,
        tabs=tabs,
        tab_words=TABS[page.tab],
        link=link,
        link_to_page=lambda number: link(number=number),
    )


@admin.get("/products/<int:product_id>")
@may("staff")
def product(product_id: int) -> str:
    """One product: prices, stock, and who changed what."""
    item = product_or_404(product_id)
    edits = select(ProductEdit.at, ProductEdit.actor, ProductEdit.words).where(ProductEdit.product_id == item.id)
    newest = db.session.execute(edits.order_by(ProductEdit.version.desc()).limit(MAX_EDITS)).all()
    waiting = waiting_by_variant(variant.id for variant in item.variants)
    return render_template("admin/catalog/product.html", product=item, edits=newest, waiting=waiting)


@admin.post("/products/<int:product_id>/archive")
@may("owner")
def product_archive(product_id: int) -> AnyResponse:
    """Take a product out of the shop. Orders keep it."""
    item = product_or_404(product_id)
    asked = ask_for_confirmation(
        f"Archive {item.name}?",
        "It leaves the shop at once, and carts drop it. Orders keep it. You can put it on sale again later.",
        button="Archive",
        back=url_for("admin.product", product_id=item.id),
    )
    if asked:
        return asked
    if write(lambda: _set_active(item, to=False)):
        flash(f"{item.name} is archived: it is no longer in the shop, and carts drop it", "good")
    else:
        flash(f"{item.name} is archived already", "problem")
    return redirect(url_for("admin.product", product_id=item.id), 303)


@admin.post("/products/<int:product_id>/restore")
@may("owner")
def product_restore(product_id: int) -> AnyResponse:
    """Put an archived product on sale again."""
    item = product_or_404(product_id)
    moved = write(lambda: _restore(item))
    if moved is None:
        flash(f"Its category, {item.category.name}, is archived. Put that back first, or choose another", "problem")
    elif moved:
        flash(f"{item.name} is on sale again", "good")
    else:
        flash(f"{item.name} is on sale already", "problem")
    return redirect(url_for("admin.product", product_id=item.id), 303)


def product_or_404(product_id: int) -> Product:
    """The product that an address names."""
    return product_with_variants(product_id) or abort(404)


def all_categories() -> list[Category]:
    """Every category, archived ones last."""
    return list(db.session.scalars(select(Category).order_by(Category.active.desc(), Category.position)))


def _restore(item: Product) -> bool | None:
    """Put a product on sale again. None if its category is archived, False if it is on sale already."""
    in_shop = select(Category.active).where(Category.id == item.category_id).with_for_update(read=True)
    return _set_active(item, to=True) if db.session.scalar(in_shop) else None


def _set_active(item: Product, *, to: bool) -> bool:
    """Archive or restore a product and record who did it. False if it was done already."""
    if not set_active(item, to=to):
        return False
    words, before = "Put on sale again" if to else "Archived", begin_edit(item, item.version)
    end_edit(item, before, current_user_name(), words)
    audit(f"{words} product {item.name}")
    return True
