"""Form fields that several forms of the catalogue use."""

from collections.abc import Mapping
from types import new_class
from typing import Any, TypeVar, cast

from flask import render_template
from wtforms import Field, Form, StringField
from wtforms.validators import StopValidation, ValidationError

from shop.catalog.products import MAX_PRICE, NewVariant
from shop.catalog.slugs import MAX_SKU_LENGTH, Kind, sku_owners, slug_owner, tidy_sku, tidy_slug
from shop.catalog.stock import MAX_STOCK
from shop.core.money import AmountError, read_shillings, shillings
from shop.web.base_form import BaseForm
from shop.web.form_fields import WholeNumberField, tidy_line

FormClass = TypeVar("FormClass", bound=BaseForm)


class Price(WholeNumberField):
    """Whole shillings, in every spelling that read_shillings accepts."""

    def __init__(self, label: str, **bound: Any) -> None:
        super().__init__(label, 1, MAX_PRICE, needed=True, **bound)

    def pre_validate(self, _form: Form) -> None:
        """Check that it is a sum within the limits."""
        try:
            amount = read_shillings(self.data or "", self.label.text)
        except AmountError as error:
            raise StopValidation(str(error)) from error
        if not self.least <= amount <= self.most:
            limits = f"from {shillings(self.least)} to {shillings(self.most)}"
            raise StopValidation(f"{self.label.text} must be {limits}")


class Sku(StringField):
    """A SKU. `data` is what was typed, `sku` has capitals, digits and hyphens only; both may be empty."""

    def __init__(self, label: str, **bound: Any) -> None:
        super().__init__(label, filters=[tidy_line], **bound)

    @property
    def sku(self) -> str:
        """The SKU as the shop stores it."""
        return tidy_sku(self.data or "")

    def pre_validate(self, _form: Form) -> None:
        """Check its characters and its length."""
        if self.data and not self.sku:
            words = f"“{self.data[:MAX_SKU_LENGTH]}” makes no SKU: use letters A to Z, digits and hyphens"
            raise StopValidation(words)
        if len(self.sku) > MAX_SKU_LENGTH:
            raise StopValidation(f"A SKU has {MAX_SKU_LENGTH} characters or fewer; this one has {len(self.sku)}")


def new_variant_fields(of: str = "", suffix: str = "") -> dict[str, Field]:
    """What is asked of a new variant, by field name. `of` ends each label, `suffix` each name."""
    return {
        f"sku{suffix}": Sku(f"SKU{of}"),
        f"price{suffix}": Price(f"Price{of}"),
        f"stock{suffix}": WholeNumberField(f"Stock{of}", 0, MAX_STOCK, needed=True),
        f"low_stock_threshold{suffix}": WholeNumberField(f"Low stock{of}", 0, MAX_STOCK, needed=True),
    }


def new_variant(form: BaseForm, sku: str = "", suffix: str = "", **more: Any) -> NewVariant:
    """The variant that was typed into a valid form with `new_variant_fields`. An empty SKU becomes `sku`."""
    return NewVariant(
        sku=form[f"sku{suffix}"].sku or sku,
        price=form[f"price{suffix}"].number,
        stock=form[f"stock{suffix}"].number,
        low_stock_threshold=form[f"low_stock_threshold{suffix}"].number,
        **more,
    )


def refuse(form: BaseForm, name: str, words: str) -> None:
    """Show a problem at a field that has none yet."""
    form[name].errors = form[name].errors or [words]


def refuse_taken_skus(form: BaseForm, skus: Mapping[str, str]) -> None:
    """Refuse each SKU ({field name: SKU}) that another variant has."""
    owners = sku_owners(skus.values())
    for name, sku in skus.items():
        if sku in owners:
            refuse(form, name, f"SKU {sku} belongs to “{owners[sku]}” already: choose another")


def check_slug(typed: str, model: type[Kind], item: Kind | None) -> None:
    """Refuse an address that makes no slug, or that belongs to another product or category."""
    slug = tidy_slug(typed)
    owner = slug_owner(model, slug)
    if not slug:
        raise ValidationError("The address needs letters a to z or digits")
    if owner is not None and owner is not item:
        raise ValidationError(f"“{owner.name}” has the address {slug} already: choose another")


def with_fields(form: type[FormClass], fields: Mapping[str, Field]) -> type[FormClass]:
    """A form with more fields: those of each variant, for example."""
    return cast(type[FormClass], new_class(form.__name__, (form,), exec_body=lambda body: body.update(fields)))


def form_page(template: str, form: BaseForm, **more: Any) -> tuple[str, int]:
    """The page of a form: with status 422 when something is wrong with it."""
    page = render_template(f"admin/catalog/{template}.html", form=form, problems=form.problems, **more)
    return page, 422 if form.problems else 200
