"""The pages a shopper looks through. Nothing on them depends on who is looking, so that any cache may keep them."""

from typing import Any

from flask import Blueprint, Response, abort, render_template, request, url_for

from shop.catalog import browsing
from shop.catalog.models import Product, Variant, stock_word
from shop.paging import page_asked

catalog = Blueprint("catalog", __name__)
HOME_CARDS = 16
MOST_CARDS = 10  # variants; of more than so many one chooses from a list


@catalog.get("/")
def home() -> str:
    """The shop window."""
    return render_template("catalog/home.html", categories=browsing.categories(), cards=browsing.newest(HOME_CARDS))


@catalog.get("/categories/<slug>")
def category(slug: str) -> str:
    """One shelf, sorted and paged."""
    shelf = browsing.category_by_slug(slug) or abort(404)
    sort, page = _asked()
    listing = browsing.in_category(shelf, sort, page)
    return render_template("catalog/category.html", category=shelf, listing=listing, **_around(sort, slug=slug))


@catalog.get("/products/<slug>")
def product(slug: str) -> str:
    """One product with its pictures, variants, prices and stock."""
    item = browsing.product_by_slug(slug) or abort(404)
    return render_template("catalog/product.html", product=ProductPage(item), more=browsing.more_like(item))


@catalog.get("/search")
def search() -> str:
    """What holds the words asked for."""
    q = "".join(filter(str.isprintable, request.args.get("q", ""))).strip()[: browsing.LONGEST_QUERY]
    sort, page = _asked()
    return render_template("catalog/search.html", q=q, listing=browsing.found(q, sort, page), **_around(sort, q=q))


@catalog.after_request
def keepable(response: Response) -> Response:
    """Let shared caches keep the page for a minute, and let a browser ask whether its copy is still right (304)."""
    if response.status_code == 200:
        response.headers["Cache-Control"] = "public, max-age=0, s-maxage=60, must-revalidate"
        response.add_etag()
        response.make_conditional(request)
    return response


class ProductPage:
    """A product as its page shows it: only what is still sold."""

    def __init__(self, product: Product) -> None:
        self.slug, self.name, self.category = product.slug, product.name, product.category
        self.paragraphs = [part.strip() for part in product.description.split("\n\n") if part.strip()]
        self.summary = " ".join(product.description.split())  # one line, for search engines
        self.pictures = product.pictures
        self.variants = [variant for variant in product.variants if variant.active]
        self.stock = stock_word(sum(variant.left for variant in self.variants))
        self.options = product.options
        self.many = len(self.variants) > MOST_CARDS

    @property
    def asked(self) -> str:
        """What a buyer chooses: "size and colour", or "one"."""
        return " and ".join(name.lower() for name in self.options) or "one"

    @property
    def groups(self) -> list[tuple[str, list[tuple[Variant, str]]]]:
        """The variants with what each is called, those with the same value of the first of several options together."""
        if len(self.options) < 2:
            return [("", [(variant, variant.label) for variant in self.variants])]
        groups: dict[str, list[tuple[Variant, str]]] = {}
        for variant in self.variants:
            rest = ", ".join(variant.values[1:]) or variant.label
            groups.setdefault(variant.value_1, []).append((variant, rest))
        return list(groups.items())


def _asked() -> tuple[str, int]:
    sort = request.args.get("sort", "")
    return sort if sort in browsing.SORTS else "newest", page_asked(request.args.get("page", ""))


def _around(sort: str, **kept: str) -> dict[str, object]:
    """What the sort bar and the page links need."""

    def link_to_page(number: int) -> str:
        chosen = {} if sort == "newest" else {"sort": sort}
        values: dict[str, Any] = {**kept, **chosen, "page": number}
        return url_for(request.endpoint or "catalog.home", **values)

    sorts = [(key, label) for key, (label, _) in browsing.SORTS.items()]
    return {"sort": sort, "sorts": sorts, "link_to_page": link_to_page}
