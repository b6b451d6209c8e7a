"""The form "Tell me when it is back" of a sold-out product or variant.

It carries no CSRF token, so that product pages can be cached; the origin of the request is checked instead. Its answer
is the same whether or not the contact was stored already.
"""

from email_validator import EmailNotValidError
from flask import Blueprint, abort, redirect, render_template, request, url_for
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, ValidationError

from shop.catalog.back_in_stock import ask_to_be_told
from shop.catalog.models import Product
from shop.catalog.queries import product_by_slug
from shop.core.phones import PhoneError, kenyan_mobile
from shop.core.text import normalised_email, typed_line
from shop.web.base_form import BaseForm, ViewResponse
from shop.web.extensions import csrf, limiter

back_in_stock = Blueprint("back_in_stock", __name__)
csrf.exempt(back_in_stock)
WRONG_CONTACT = "Enter an email address like name@example.com, or a Kenyan mobile number like 0712 345 678"


class BackInStockForm(BaseForm):
    """Which sold-out variant, and where to tell. `stored_contact` is the contact as requests have it."""

    class Meta:
        csrf = False

    sku = SelectField("Which one?", id="back-sku", validate_choice=False)
    contact = StringField(
        "Email address or phone number", [DataRequired(WRONG_CONTACT)], filters=[typed_line], id="back-contact"
    )

    def __init__(self, product: Product) -> None:
        super().__init__()
        self.variants = {one.sku: one for one in product.variants if one.active and one.left <= 0}
        self.sku.choices = [SelectChoice(sku, one.label) for sku, one in self.variants.items()]
        self.stored_contact = ""

    def validate_sku(self, field: SelectField) -> None:
        if field.data not in self.variants:
            raise ValidationError("Choose which one you wait for")

    def validate_contact(self, field: StringField) -> None:
        try:
            self.stored_contact = (
                normalised_email(field.data).lower() if "@" in field.data else kenyan_mobile(field.data)
            )
        except (EmailNotValidError, PhoneError):
            raise ValidationError(WRONG_CONTACT) from None


@back_in_stock.route("/products/<slug>/back-in-stock", methods=["GET", "POST"])
@limiter.limit("60 per hour", methods=["POST"])  # low, because it can make the shop write to any address
def ask(slug: str) -> ViewResponse:
    """Store who waits for a sold-out variant, then show the product. What is in stock can be bought there."""
    product = product_by_slug(slug) or abort(404)
    form = BackInStockForm(product)
    if not form.variants:
        return redirect(url_for("catalog.product", slug=product.slug), 303)
    if request.method == "POST" and form.validate():
        ask_to_be_told(form.variants[form.sku.data].id, form.stored_contact)
        return redirect(url_for("catalog.product", slug=product.slug, noted=1, _anchor="back-in-stock"), 303)
    page = render_template("catalog/back_in_stock.html", product=product, form=form, problems=form.problems)
    return (page, 422) if form.problems else page
