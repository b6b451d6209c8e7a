"""Every kind of page in every state worth looking at, one after the other, each as somebody comes to it.

A tour is a generator that leads a visitor from page to page and names each. Whoever walks it looks at the page there.
"""

from tests.journeys.tours.buying import orders, purchase, shelves
from tests.journeys.tours.checking import checking, seeing
from tests.journeys.tours.goods import goods, images, importing
from tests.journeys.tours.looking import looking
from tests.journeys.tours.packing import packing
from tests.journeys.tours.people import codes, doors, people, signed_out, staff
from tests.journeys.tours.selling import for_a_buyer, selling
from tests.journeys.tours.walking import Tour

TOURS: tuple[Tour, ...] = (
    shelves,
    purchase,
    orders,
    doors,
    people,
    codes,
    signed_out,
    staff,
    packing,
    checking,
    seeing,
    goods,
    images,
    importing,
    selling,
    for_a_buyer,
    looking,
)

__all__ = ["TOURS", "Tour"]
