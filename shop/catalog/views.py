"""The public catalogue pages. They are the same for every visitor, so that any cache may keep them."""

from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    send_file,
    stream_with_context,
    url_for,
)

from shop.catalog import queries
from shop.catalog.filters import ProductFilter, read_filter
from shop.catalog.home import shown_sections
from shop.catalog.icons import icon_address
from shop.catalog.images.paths import MAX_WIDTH, NO_IMAGE, image_at
from shop.catalog.models import Category, Product, ProductStatus, Variant
from shop.catalog.product_feed import as_csv, as_xml, feed_rows, is_feed_token
from shop.catalog.reviews import NEWEST, Rating, reviews_of_product
from shop.catalog.search_query import MAX_QUERY_LENGTH
from shop.catalog.share_cards import card_address, card_file, card_price, card_version
from shop.catalog.slugs import item_at_old_slug
from shop.catalog.structured_data import breadcrumbs, organisation
from shop.catalog.structured_data import product as product_data
from shop.config import Settings
from shop.pricing.models import delivery_areas
from shop.store.home_page import home_sections
from shop.store.settings import current_store
from shop.web.assets import A_YEAR
from shop.web.base_form import ViewResponse
from shop.web.caching import make_cacheable
from shop.web.pagination import id_arg, page_arg

catalog = Blueprint("catalog", __name__)
MAX_PICKS = 40  # variants to press; more become a select box


@catalog.get("/")
def home() -> str:
    """The home page, in sections that the owner arranges."""
    sections = shown_sections(home_sections())
    data = organisation(current_store(), icon_address(MAX_WIDTH))
    return render_template("catalog/home.html", sections=sections, organisation_data=data)


@catalog.get("/products")
def products() -> str:
    """All products, filtered, sorted and paginated."""
    chosen, sort, page = _list_arguments(queries.NEWEST)
    listing = queries.everything(chosen, sort, page)
    return render_template("catalog/products.html", listing=listing, **_list_controls(chosen, sort, queries.NEWEST))


@catalog.get("/categories/<slug>")
def category(slug: str) -> ViewResponse:
    """The products of a category, filtered, sorted and paginated."""
    found = queries.category_by_slug(slug)
    if found is None:
        return _moved_or_gone(item_at_old_slug(Category, slug) or abort(404), slug)
    chosen, sort, page = _list_arguments(queries.NEWEST)
    listing = queries.in_category(found, chosen, sort, page)
    controls = _list_controls(chosen, sort, queries.NEWEST, slug=slug)
    data = breadcrumbs(("Home", url_for("catalog.home")), (found.name, url_for("catalog.category", slug=found.slug)))
    return render_template("catalog/category.html", category=found, listing=listing, breadcrumb_data=data, **controls)


@catalog.get("/products/<slug>")
def product(slug: str) -> ViewResponse:
    """One product with its images, variants, prices and stock.

    A form that was sent without a chosen variant comes back as `?choose=1&quantity=2`.
    """
    item = queries.product_by_slug(slug)
    if item is None:
        return _moved_or_gone(item_at_old_slug(Product, slug) or abort(404), slug)
    return render_template(
        "catalog/product.html",
        product=ProductPage(item),
        more=queries.more_like(item),
        reviews=reviews_of_product(item.id, NEWEST).reviews if item.review_count else [],
        areas=delivery_areas(),
        unchosen="choose" in request.args,
        noted="noted" in request.args,
        quantity=max(1, request.args.get("quantity", 1, type=int)),
    )


@catalog.get("/products/<slug>/reviews")
def reviews(slug: str) -> ViewResponse:
    """The reviews of one product, newest first."""
    item = queries.product_by_slug(slug) or abort(404)
    found = reviews_of_product(item.id, before=id_arg(request.args.get("before", "")))
    return render_template("catalog/reviews.html", product=ProductPage(item), found=found)


@catalog.get("/products/<slug>/card-<version>.jpg")
def share_card(slug: str, version: str) -> ViewResponse:
    """The picture of a shared product link. An outdated address leads to the present one."""
    item = queries.product_by_slug(slug) or abort(404)
    shown = ProductPage(item)
    if version != card_version(shown.name, shown.price_words, shown.first_image):
        return redirect(shown.card, 302)
    file = card_file(shown.id, shown.name, shown.price_words, shown.first_image)
    response = send_file(file, mimetype="image/jpeg")
    response.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
    return response


@catalog.get("/feeds/<token>/products.<kind>")
def product_feed(token: str, kind: str) -> Response:
    """The product feed for WhatsApp, Facebook and Google."""
    settings: Settings = current_app.config["SETTINGS"]
    if kind not in ("csv", "xml") or not is_feed_token(settings, token):
        abort(404)
    rows = feed_rows(settings)
    lines = as_csv(rows) if kind == "csv" else as_xml(rows, settings)
    response = Response(stream_with_context(lines), mimetype="text/csv" if kind == "csv" else "application/xml")
    response.headers["Cache-Control"] = "no-store"
    return response


@catalog.get("/search")
def search() -> str:
    """The products that a search finds, or what is near when it finds none."""
    q = "".join(filter(str.isprintable, request.args.get("q", ""))).strip()[:MAX_QUERY_LENGTH]
    chosen, sort, page = _list_arguments(queries.BEST)
    listing = queries.search(q, chosen, sort, page)
    near = [] if listing.total or chosen else queries.newest_cards.value()
    controls = _list_controls(chosen, sort, queries.BEST, q=q)
    return render_template("catalog/search.html", q=q, listing=listing, near=near, **controls)


@catalog.after_request
def cache(response: Response) -> Response:
    """Make pages and redirects cacheable; other errors and what says so itself are not."""
    if response.status_code not in (200, 301, 410) or "Cache-Control" in response.headers:
        return response
    return make_cacheable(response)


def _moved_or_gone(item: Product | Category, slug: str) -> ViewResponse:
    """Redirect from an old slug to the new one, or say that the product or category is no longer sold.

    Drafts and hidden products are not found.
    """
    if isinstance(item, Product) and item.status in (ProductStatus.DRAFT, ProductStatus.HIDDEN):
        abort(404)
    if item.slug != slug:
        return redirect(url_for(request.endpoint or "catalog.home", slug=item.slug), 301)
    category = item.category if isinstance(item, Product) else None
    more = queries.more_like(item) if isinstance(item, Product) else []
    page = render_template(
        "catalog/gone.html", name=item.name, category=category if more else None, more=more or queries.newest(4)
    )
    return page, 410


class ProductPage:
    """A product as its page shows it, with its active variants."""

    def __init__(self, product: Product) -> None:
        self.id, self.slug, self.name, self.category = product.id, product.slug, product.name, product.category
        self.paragraphs = [part.strip() for part in product.description.split("\n\n") if part.strip()]
        self.summary = " ".join(product.description.split())  # one line, for search engines
        self.images = product.images
        self.places = {image.id: place for place, image in enumerate(product.images, 1)}  # {image id: place}
        self.variants = [variant for variant in product.variants if variant.active]
        self.options = product.options
        self.rating = Rating(product.review_count, product.review_stars)
        buyable = [variant for variant in self.variants if variant.left > 0]
        self.prices = [
            variant.price for variant in buyable or self.variants
        ]  # of the variants in stock, or of all if none is
        self.buyable = bool(buyable)
        self.sold_out = [variant for variant in self.variants if variant.left <= 0]
        was = [variant.was_price for variant in buyable if variant.was_price]
        self.on_sale = bool(was)
        self.price_differs = min(self.prices) != max(self.prices)
        # the price before a sale, when it is true of all variants in stock
        self.was = min(was) if was and len(was) == len(buyable) and not self.price_differs else None
        self.many = len(self.variants) > MAX_PICKS
        pictures = {variant.image_id for variant in self.variants}
        self.pictured = None not in pictures and len(pictures) == len(self.variants)  # each has an image of its own

    @property
    def price_words(self) -> str:
        """The price, as titles say it: "KSh 950" or "From KSh 950"."""
        return card_price(min(self.prices), self.price_differs)

    @property
    def first_image(self) -> str:
        """The path of its first image, or of the stand-in image."""
        return self.images[0].path if self.images else NO_IMAGE

    @property
    def card(self) -> str:
        """The full address of its share card."""
        return card_address(self.slug, self.name, self.price_words, self.first_image)

    @property
    def data(self) -> list[dict[str, Any]]:
        """What search engines read: the product with its offers, and the way to it."""
        path = url_for("catalog.product", slug=self.slug)
        of_category = url_for("catalog.category", slug=self.category.slug)
        offers = [(one.sku, one.price, one.left > 0) for one in self.variants]
        images = [image_at(image.path, MAX_WIDTH) for image in self.images]
        trail = (("Home", url_for("catalog.home")), (self.category.name, of_category), (self.name, path))
        return [product_data(self.name, self.summary, path, images, offers, self.rating), breadcrumbs(*trail)]

    @property
    def choice(self) -> str:
        """What the buyer chooses: "size and colour", or "which one"."""
        return " and ".join(name.lower() for name in self.options) or "which one"

    @property
    def groups(self) -> list[tuple[str, list[Variant]]]:
        """The variants as (heading, variants), grouped by the first of several options."""
        if len(self.options) < 2:
            return [("", self.variants)]
        groups: dict[str, list[Variant]] = {}
        for variant in self.variants:
            groups.setdefault(variant.value_1, []).append(variant)
        return list(groups.items())


def _list_arguments(default_sort: str) -> tuple[ProductFilter, str, int]:
    sort = request.args.get("sort", "")
    known = {*queries.SORTS, default_sort}
    chosen = read_filter(request.args.to_dict())
    return chosen, sort if sort in known else default_sort, page_arg(request.args.get("page", ""))


def _list_controls(chosen: ProductFilter, sort: str, default_sort: str, **kept: str) -> dict[str, object]:
    """The template values of the filters, the sort bar and the page links. `kept` are parts of the address."""

    def address(filters: ProductFilter = chosen, page: int = 1) -> str:
        values: dict[str, Any] = {**filters.arguments, **kept}
        if sort != default_sort:
            values["sort"] = sort
        if page > 1:
            values["page"] = page
        return url_for(request.endpoint or "catalog.home", **values)

    def link_to_page(page: int) -> str:
        return address(page=page)

    sorts = [(key, label) for key, (label, _) in queries.SORTS.items()]
    if default_sort == queries.BEST:
        sorts.insert(0, (queries.BEST, "Best match"))
    return {"chosen": chosen, "sort": sort, "sorts": sorts, "address": address, "link_to_page": link_to_page}
