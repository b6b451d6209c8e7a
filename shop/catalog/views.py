"""The pages a shopper looks through. Nothing on them depends on who is looking, so that any cache may keep them."""

from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for

from shop.catalog import queries
from shop.catalog.models import Category, Product, Variant
from shop.catalog.slugs import item_at_old_slug
from shop.web.base_form import ViewResponse
from shop.web.pagination import page_arg

catalog = Blueprint("catalog", __name__)
HOME_CARDS = 16
MOST_CARDS = 10  # variants; of more than so many one chooses from a list


@catalog.get("/")
def home() -> str:
    """The shop window."""
    return render_template("catalog/home.html", categories=queries.categories(), cards=queries.newest(HOME_CARDS))


@catalog.get("/categories/<slug>")
def category(slug: str) -> ViewResponse:
    """One shelf, sorted and paged."""
    shelf = queries.category_by_slug(slug)
    if shelf is None:
        return _moved_or_gone(item_at_old_slug(Category, slug) or abort(404), slug)
    sort, page = _asked()
    listing = queries.in_category(shelf, sort, page)
    return render_template("catalog/category.html", category=shelf, listing=listing, **_around(sort, slug=slug))


@catalog.get("/products/<slug>")
def product(slug: str) -> ViewResponse:
    """One product with its images, variants, prices and stock.

    `?choose=1&quantity=2` says that none was chosen, and keeps the quantity: a form without a choice comes back so.
    """
    item = queries.product_by_slug(slug)
    if item is None:
        return _moved_or_gone(item_at_old_slug(Product, slug) or abort(404), slug)
    return render_template(
        "catalog/product.html",
        product=ProductPage(item),
        more=queries.more_like(item),
        unchosen="choose" in request.args,
        quantity=max(1, request.args.get("quantity", 1, type=int)),
    )


@catalog.get("/search")
def search() -> str:
    """What holds the words asked for."""
    q = "".join(filter(str.isprintable, request.args.get("q", ""))).strip()[: queries.LONGEST_QUERY]
    sort, page = _asked()
    return render_template("catalog/search.html", q=q, listing=queries.found(q, sort, page), **_around(sort, q=q))


@catalog.after_request
def keepable(response: Response) -> Response:
    """Let shared caches keep the page for a minute, and let a browser ask whether its copy is still right (304)."""
    if response.status_code in (200, 301, 410):
        response.headers["Cache-Control"] = "public, max-age=0, s-maxage=60, must-revalidate"
        response.add_etag()
        response.make_conditional(request)
    return response


def _moved_or_gone(item: Product | Category, slug: str) -> ViewResponse:
    """Lead from an old address to the new one, or say by its name that it is no longer sold."""
    if item.slug != slug:
        return redirect(url_for(request.endpoint or "catalog.home", slug=item.slug), 301)
    shelf = item.category if isinstance(item, Product) else None
    more = queries.more_like(item) if isinstance(item, Product) else []
    page = render_template(
        "catalog/gone.html", name=item.name, category=shelf if more else None, more=more or queries.newest(4)
    )
    return page, 410


class ProductPage:
    """A product as its page shows it: only what is still sold."""

    def __init__(self, product: Product) -> None:
        self.slug, self.name, self.category = product.slug, product.name, product.category
        self.paragraphs = [part.strip() for part in product.description.split("\n\n") if part.strip()]
        self.summary = " ".join(product.description.split())  # one line, for search engines
        self.images = product.images
        self.places = {image.id: place for place, image in enumerate(product.images, 1)}  # of images, by id
        self.variants = [variant for variant in product.variants if variant.active]
        self.options = product.options
        buyable = [variant for variant in self.variants if variant.left > 0]
        self.prices = [variant.price for variant in buyable or self.variants]  # of what can be bought, if anything
        self.buyable = bool(buyable)
        self.many = len(self.variants) > MOST_CARDS

    @property
    def asked(self) -> str:
        """What a buyer chooses: "size and colour", or "which one"."""
        return " and ".join(name.lower() for name in self.options) or "which one"

    @property
    def groups(self) -> list[tuple[str, list[Variant]]]:
        """The variants, those with the same value of the first of several options together under it."""
        if len(self.options) < 2:
            return [("", self.variants)]
        groups: dict[str, list[Variant]] = {}
        for variant in self.variants:
            groups.setdefault(variant.value_1, []).append(variant)
        return list(groups.items())


def _asked() -> tuple[str, int]:
    sort = request.args.get("sort", "")
    return sort if sort in queries.SORTS else "newest", page_arg(request.args.get("page", ""))


def _around(sort: str, **kept: str) -> dict[str, object]:
    """What the sort bar and the page links need."""

    def link_to_page(number: int) -> str:
        chosen = {} if sort == "newest" else {"sort": sort}
        values: dict[str, Any] = {**kept, **chosen, "page": number}
        return url_for(request.endpoint or "catalog.home", **values)

    sorts = [(key, label) for key, (label, _) in queries.SORTS.items()]
    return {"sort": sort, "sorts": sorts, "link_to_page": link_to_page}
