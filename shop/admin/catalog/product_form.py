"""The forms of a product: a new one, and the one that changes a product with all its variants."""

from dataclasses import replace
from typing import Any

from wtforms import BooleanField, Field, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from shop.admin.catalog.fields import Price, check_slug, new_variant_fields, refuse, with_fields
from shop.admin.catalog.product_views import all_categories
from shop.catalog.categories import MAX_NAME_LENGTH as MAX_CATEGORY_LENGTH
from shop.catalog.categories import category_by_name
from shop.catalog.models import Product
from shop.catalog.product_history import state_of
from shop.catalog.products import (
    MAX_DESCRIPTION_LENGTH,
    MAX_LABEL_LENGTH,
    MAX_NAME_LENGTH,
    MAX_OPTION_LENGTH,
    MAX_PRICE,
    MAX_SEARCH_WORDS_LENGTH,
    ProductValues,
    VariantEdit,
)
from shop.catalog.slugs import MAX_SLUG_LENGTH, label_of, tidy_slug
from shop.catalog.stock import MAX_STOCK
from shop.core.money import shillings
from shop.web.base_form import BaseForm
from shop.web.fingerprints import HiddenValues, Label
from shop.web.form_fields import WholeNumberField, max_length, text_line, tidy_text

MAX_PLACE = 999
VARIANTS = "variants"  # in the fingerprint: which variants and options there are


class ProductForm(BaseForm):
    """Name, category and description of a product."""

    name = text_line("Name", MAX_NAME_LENGTH)
    category = SelectField("Category", validate_choice=False)
    description = TextAreaField("Description", [max_length(MAX_DESCRIPTION_LENGTH)], filters=[tidy_text])
    search_words = text_line("Search words", MAX_SEARCH_WORDS_LENGTH, required=False)
    featured = BooleanField("Feature it on the home page")

    def __init__(self, product: Product | None = None, **given: Any) -> None:
        super().__init__(**given)
        self.product = product
        now = product.category_id if product else None
        self.categories = {str(one.id): one.name for one in all_categories() if one.active or one.id == now}
        chosen = self.category.data in self.categories
        choices = [*([] if chosen else [("", "Choose one")]), *self.categories.items()]
        self.category.choices = [SelectChoice(*choice) for choice in choices]

    def validate_category(self, field: SelectField) -> None:
        """It must be for sale, or the category that the product has now."""
        if field.data not in self.categories:
            raise ValidationError("Choose a category")

    def details(self) -> ProductValues:
        """What was typed into a valid form."""
        return ProductValues(
            name=self.name.data,
            category_id=int(self.category.data or 0),
            description=self.description.data,
            search_words=self.search_words.data or "",
            featured=bool(self.featured.data),
        )


class NewProductForm(ProductForm):
    """A new product with one variant."""

    new_category = text_line("New category", MAX_CATEGORY_LENGTH, required=False)
    sku, price, stock, low_stock_threshold = new_variant_fields().values()
    options = BooleanField("It comes in sizes, colours or the like: ask me for them next")

    def validate_category(self, field: SelectField) -> None:
        """It must be for sale, unless a new category is named."""
        if self.categories and not self.new_category.data:
            super().validate_category(field)

    def validate_new_category(self, field: StringField) -> None:
        """No two categories have the same name; a shop without categories needs one."""
        if not field.data and not self.categories:
            raise ValidationError("Name a category, like Shoes")
        same = category_by_name(field.data) if field.data else None
        if same:
            cure = "choose it" if same.active else "put it back, or choose another name"
            raise ValidationError(f"There is a category “{same.name}” already: {cure}")

    def details(self) -> ProductValues:
        """What was typed into a valid form. The category is 0 when a new one is named."""
        return replace(super().details(), category_id=0) if self.new_category.data else super().details()


class ProductEditForm(ProductForm):
    """A product with all its variants. Make it with `product_edit_form`: it has fields for each variant."""

    product: Product
    slug = text_line("Address", MAX_SLUG_LENGTH * 2)

    def validate_slug(self, field: StringField) -> None:
        """It must be a free address."""
        check_slug(field.data, Product, self.product)

    def validate(self, **options: Any) -> bool:
        """Check each field, then the variants together."""
        return super().validate(**options) and self._check_together()

    def details(self) -> ProductValues:
        """What was typed into a valid form."""
        return replace(super().details(), slug=tidy_slug(self.slug.data), options=tuple(self._values("option_{}")))

    def variants(self) -> dict[int, VariantEdit]:
        """What was typed for each variant, by id, in the new order."""
        ordered = sorted(self.product.variants, key=lambda one: (self[f"place-{one.id}"].number, one.position, one.id))
        return {variant.id: self._variant(variant.id) for variant in ordered}

    def change_labels(self) -> dict[str, Label]:
        """What the fields and their values are called when another user changed them."""
        labels: dict[str, Label] = {**self.labels(), VARIANTS: ("The list of variants", HiddenValues())}
        labels["category"] = (self.category.label.text, self.categories)
        for variant in self.product.variants:
            labels[f"active-{variant.id}"] = (variant.sku, {"1": "for sale", "": "archived"})
        return labels

    def _values(self, names: str) -> list[str]:
        """The values of the fields of each option."""
        return [self[names.format(place)].data for place in range(1, len(self.product.options) + 1)]

    def _variant(self, variant_id: int) -> VariantEdit:
        return VariantEdit(
            price=self[f"price-{variant_id}"].number,
            was_price=self[f"was_price-{variant_id}"].number,
            low_stock_threshold=self[f"low_stock_threshold-{variant_id}"].number,
            active=self[f"active-{variant_id}"].data,
            values=tuple(self._values(f"value_{{}}-{variant_id}")),
            label="" if self.product.options else self[f"label-{variant_id}"].data,
        )

    def _check_together(self) -> bool:
        """Check that a variant is for sale, and that a buyer can tell those for sale apart."""
        names = [name.casefold() for name in self._values("option_{}")]
        if len(set(names)) < len(names):
            refuse(self, f"option_{len(names)}", "Two options have the same name: call them differently")
        edits = self.variants()
        sold = [variant_id for variant_id, one in edits.items() if one.active]
        if edits and not sold:
            refuse(
                self, f"active-{next(iter(edits))}", "Leave one variant for sale, or archive the whole product instead"
            )
        seen: set[str] = set()
        for variant_id, one in edits.items():
            if one.was_price is not None and one.was_price <= one.price:
                words = f"must be higher than {shillings(one.price)}, or empty when it is not on sale"
                refuse(self, f"was_price-{variant_id}", f"{self[f'was_price-{variant_id}'].label.text} {words}")
            field, label = f"{'value_1' if names else 'label'}-{variant_id}", label_of(one.values) or one.label
            if len(label) > MAX_LABEL_LENGTH:
                refuse(self, field, f"These values have more than {MAX_LABEL_LENGTH} characters together")
            if len(sold) > 1 and one.active and not label:
                refuse(self, field, "Give each variant a label: buyers choose by it")
            if one.active and label.casefold() in seen:
                refuse(self, field, f"Two variants for sale are called “{label}”: change one or archive it")
            seen |= {label.casefold()} if one.active else set()
        return not self.problems


def product_edit_form(product: Product) -> ProductEditForm:
    """The form of a product, filled in with what is stored or, once posted, with what was typed."""
    options = list(enumerate(product.options, 1))
    fields: dict[str, Field] = {
        f"option_{place}": text_line(f"The name of option {place}", MAX_OPTION_LENGTH) for place, _ in options
    }
    for variant in product.variants:
        variant_id, sku = variant.id, variant.sku
        for place, name in options:
            fields[f"value_{place}-{variant_id}"] = text_line(f"{name} of {sku}", MAX_LABEL_LENGTH)
        if not options:
            fields[f"label-{variant_id}"] = text_line(f"Label of {sku}", MAX_LABEL_LENGTH, required=False)
        fields[f"price-{variant_id}"] = Price(f"Price of {sku}")
        fields[f"was_price-{variant_id}"] = WholeNumberField(f"Price before of {sku}", 2, MAX_PRICE, money=True)
        fields[f"low_stock_threshold-{variant_id}"] = WholeNumberField(f"Low stock of {sku}", 0, MAX_STOCK, needed=True)
        fields[f"place-{variant_id}"] = WholeNumberField(f"Place of {sku}", 1, MAX_PLACE, needed=True)
        fields[f"active-{variant_id}"] = BooleanField(f"{sku} is for sale")
    return with_fields(ProductEditForm, fields)(product, data=state_of(product))
