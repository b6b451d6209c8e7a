"""The list of products, and one product."""

from flask import abort, render_template, request, url_for
from sqlalchemy import select

from shop.accounts.permissions import admin, may
from shop.admin.catalog.product_list import TABS, list_products, tidy_search
from shop.admin.catalog.variant_grid import grid_of_product
from shop.catalog.back_in_stock import waiting_by_variant
from shop.catalog.models import Category, Product, ProductEdit
from shop.catalog.products import product_with_variants
from shop.catalog.publishing import missing_parts
from shop.core.database import db
from shop.web.pagination import page_arg

MAX_EDITS = 20  # that the page of a product shows


@admin.get("/products")
@may("staff")
def products() -> str:
    """Products for sale, drafts, hidden ones, low in stock, sold out or archived."""
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
    return render_template(
        "admin/catalog/product.html",
        product=item,
        edits=newest,
        waiting=waiting_by_variant(variant.id for variant in item.variants),
        missing=missing_parts(item),
        grid=grid_of_product(item, only_active=True),
        by_id={variant.id: variant for variant in item.variants},
    )


def product_or_404(product_id: int) -> Product:
    """The product that an address names."""
    return product_with_variants(product_id) or abort(404)


def all_categories() -> list[Category]:
    """Every category, archived ones last."""
    return list(db.session.scalars(select(Category).order_by(Category.active.desc(), Category.position)))
