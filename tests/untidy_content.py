"""A shop with long names, long lists, line breaks in texts, and a map link as an address."""

from sqlalchemy import select

from shop.catalog.models import Category, Product, ProductImage, Variant
from shop.core.database import db
from shop.pricing.models import DeliveryArea
from tests.photos import take_photos

NAME = "Kiondochasisalichenyemistarinamishonoyarangizote" * 2 + "KiondochasisaliNa24herufi"  # 121 characters
SLUG, SKU = "untidy", "UNTIDY-42-WHITE"
SIZES = [str(size) for size in range(33, 47)]
COLOURS = ["White", "Black", "Burgundywinemaroonoxbloodredwithstripes"]
DESCRIPTION = """Size: 30 cm
Colour: red
Care: wash by hand

https://www.example.com/a/very/long/address/without/any/blank/in/it/that/nobody/would/type/by/hand?but=people&paste=it

""" + "\n".join(f"- point {number} of a list" for number in range(12))
PIN = "https://www.google.com/maps/place/-1.2920659,36.8219462/@-1.2920659,36.8193713,17z/data=!3m1!4b1!4m4!3m3!8m2!3d-1.2"
BUYER = {
    "full_name": "Wanjikuwamugowanyamburanawambuiwakariuki" * 3,
    "email": "a.very.long.name.that.fills.its.field@an-equally-long-name-of-a-company.example.com",
    "location": PIN,
    "note": PIN + PIN,
}
AREAS = 100


def fill_untidily() -> None:
    """Add this content to the demo shop, inside the caller's transaction."""
    photos = take_photos()
    shelf = db.session.scalars(select(Category).order_by(Category.position)).first()
    assert shelf
    shelf.name = "Vikapuvyasisalinamakutiyaminazinavitambaavyarangi"[:60]
    shelf.blurb = "Ki" * 100
    db.session.add(
        Product(
            slug=SLUG,
            name=NAME[:120],
            description=DESCRIPTION,
            search_text=f"{NAME} untidy".lower(),
            category_id=shelf.id,
            position=-1,
            status="published",
            option_1="Size",
            option_2="Colour",
            images=[ProductImage(position=place, path=path, alt=NAME[:120]) for place, path in enumerate(photos)],
            variants=[
                Variant(
                    sku=f"UNTIDY-{size}-{colour.upper()[:8]}",
                    label=f"{size}, {colour}",
                    value_1=size,
                    value_2=colour,
                    price=3500,
                    on_hand=9,
                    position=place,
                )
                for place, (size, colour) in enumerate((size, colour) for size in SIZES for colour in COLOURS)
            ],
        )
    )
    for number in range(AREAS):
        db.session.add(
            DeliveryArea(
                code=f"untidy-{number}",
                name=f"Ward {number} of Kirinyagacountyinthehighlands",
                fee=100 + number,
                delivery_time="1 to 2 days",
                position=100 + number,
            )
        )
