"""The quote, for any cart."""

from hypothesis import given
from hypothesis import strategies as st

from shop.pricing.quote import DeliveryRate, Discount, LineItem, Quote, full_name, quote


def line_of(unit_price: int, quantity: int = 1, category_id: int = 1) -> LineItem:
    shown = ("SKU", "Mug", "", "mug", "mugs", "mug.webp", "")
    return LineItem(*shown, unit_price, quantity, left=20, stock="in", category_id=category_id)


LINE = st.builds(line_of, st.integers(0, 1_000_000), st.integers(1, 20))
LINES = st.lists(LINE, max_size=40)
FEES = st.integers(0, 10_000)
RATES = st.builds(DeliveryRate, FEES, st.none() | st.integers(1, 1_000_000))
MINIMA = st.integers(0, 100_000)
REDUCTIONS = st.builds(Discount, st.just("percent"), st.integers(1, 100), MINIMA) | st.builds(
    Discount, st.just("fixed"), st.integers(1, 10_000_000), MINIMA
)


@given(LINES, RATES, st.none() | REDUCTIONS)
def test_lines_and_delivery_less_the_discount_are_the_total(lines, rate, discount):
    quoted = quote(lines, rate, discount)

    assert quoted.subtotal == sum(line.unit_price * line.quantity for line in lines)
    assert quoted.subtotal + quoted.delivery_fee - quoted.discount == quoted.total
    assert all(type(sum_) is int for sum_ in (quoted.subtotal, quoted.discount, quoted.delivery_fee, quoted.total))


@given(LINES, FEES, REDUCTIONS)
def test_the_discount_never_exceeds_the_subtotal_and_never_reduces_the_delivery_fee(lines, fee, discount):
    quoted = quote(lines, DeliveryRate(fee), discount)

    assert 0 <= quoted.discount <= quoted.subtotal
    assert quoted.delivery_fee == fee
    assert quoted.total >= fee >= 0


@given(LINES, RATES, st.none() | REDUCTIONS)
def test_delivery_is_free_from_its_sum_after_the_discount_and_costs_the_whole_fee_below(lines, rate, discount):
    quoted = quote(lines, rate, discount)
    goods = quoted.subtotal - quoted.discount

    earned = rate.free_from is not None and goods >= rate.free_from
    assert quoted.delivery_fee == (0 if earned else rate.fee)
    assert rate.free_from is None or rate.fee_for(goods + rate.missing_for_free(goods)) == 0


@given(st.integers(0, 10_000_000), st.integers(0, 10_000_000), REDUCTIONS)
def test_a_larger_subtotal_never_gets_a_smaller_discount(fewer, more, discount):
    fewer, more = sorted((fewer, more))

    assert discount.discount_on([line_of(fewer)]) <= discount.discount_on([line_of(more)])


@given(LINES, LINE, FEES, FEES)
def test_without_a_code_and_free_delivery_more_goods_and_a_dearer_area_never_cost_less(lines, another, fee, dearer):
    assert quote(lines, DeliveryRate(fee)).total <= quote([*lines, another], DeliveryRate(fee + dearer)).total


@given(st.integers(0, 10_000_000), REDUCTIONS)
def test_below_its_minimum_a_code_gives_no_discount(goods, discount):
    reduced = discount.discount_on([line_of(goods)])

    assert (reduced == 0) or goods >= discount.minimum_subtotal


@given(st.integers(0, 10_000_000), st.integers(1, 100))
def test_a_percentage_is_rounded_down_to_the_shilling(goods, percent):
    discount = Discount("percent", percent).discount_on([line_of(goods)])

    assert discount * 100 <= goods * percent < (discount + 1) * 100


def test_sums_a_person_can_check():
    lines, rate = [line_of(2450, 2), line_of(399, 1)], DeliveryRate(200)

    assert quote(lines, rate) == Quote(5299, 0, 200)
    assert quote(lines, rate, Discount("percent", 10)) == Quote(5299, 529, 200)
    assert quote(lines, rate, Discount("fixed", 500, 5300)).total == 5499
    assert quote(lines, rate, Discount("fixed", 500, 5299)).total == 4999
    assert quote(lines, DeliveryRate(0), Discount("fixed", 100_000)).total == 0
    assert quote([], DeliveryRate(0)).total == 0
    assert quote(lines, DeliveryRate(200, 5299)) == Quote(5299, 0, 0)
    assert quote(lines, DeliveryRate(200, 5299), Discount("fixed", 1)) == Quote(5299, 1, 200)
    assert [DeliveryRate(200, 5300).missing_for_free(goods) for goods in (5299, 5300)] == [1, 0]


def test_a_code_is_valid_from_its_minimum_and_never_exceeds_the_subtotal():
    tenth, three_hundred = Discount("percent", 10, 1000), Discount("fixed", 300, 200)

    assert [tenth.discount_on([line_of(goods)]) for goods in (0, 999, 1000, 1009, 1010)] == [0, 0, 100, 100, 101]
    assert [three_hundred.discount_on([line_of(goods)]) for goods in (199, 200, 299, 300, 301)] == [
        0,
        200,
        299,
        300,
        300,
    ]
    assert Discount("fixed", 1).discount_on([line_of(1)]) == 1
    assert Discount("percent", 100).discount_on([line_of(7)]) == 7


def test_a_code_of_a_category_counts_only_on_its_lines_and_its_minimum_on_all():
    shoe, socks, bag = line_of(3500, 2, category_id=7), line_of(200, 1, category_id=7), line_of(1000, category_id=8)
    tenth, fixed = Discount("percent", 10, 0, 7), Discount("fixed", 500, 8200, 7)

    assert tenth.discount_on([shoe, socks, bag]) == 720
    assert tenth.discount_on([bag]) == 0
    assert fixed.discount_on([shoe, socks, bag]) == 500, "the minimum is reached by all lines together"
    assert fixed.discount_on([shoe, socks]) == 0
    assert Discount("fixed", 500, 0, 7).discount_on([socks, bag]) == 200
    assert quote([shoe, bag], DeliveryRate(200), tenth) == Quote(8000, 700, 200)


def test_the_full_name_of_a_product_names_its_variant_in_brackets():
    assert full_name("Mug", "Cream") == "Mug (Cream)"
    assert full_name("Mug", "") == "Mug"
