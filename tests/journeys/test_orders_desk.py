"""The list of orders in a real browser: found, ticked and moved on, with and without scripts."""

import pytest
from playwright.sync_api import expect


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_paid_orders_are_found_ticked_and_packed_together(comes, size):
    buyer, merchant = comes("phone"), comes(size)
    buyer.buy(**{"Full name": f"Chepkemoi {size.title()}"})
    buyer.buy(**{"Full name": f"Chepkemoi {size.title()}"})
    first, second = (number for number, *_ in buyer.orders)
    merchant.sign_in()
    page = merchant.page
    page.get_by_label("Find by number").fill(f"chepkem {size}")
    page.get_by_role("button", name="Search").click()
    merchant.sees(f"Found by “chepkem {size}”")
    page.get_by_label("Choose all").check()
    merchant.sees("2 chosen")
    page.get_by_role("button", name="Mark packed").click()

    merchant.sees("2 orders marked packed")
    for number in (first, second):
        expect(page.get_by_role("row", name=number)).to_contain_text("Packed")


def test_without_scripts_an_order_is_packed_from_the_list_too(comes):
    merchant = comes("phone", java_script_enabled=False)
    merchant.expected.add(409)  # the total is asked for once more
    merchant.buy()
    number = merchant.orders[0][0]
    merchant.sign_in()
    page = merchant.page
    page.get_by_label(f"Choose order {number}").check()
    page.get_by_role("button", name="Mark packed").click()

    merchant.sees("1 order marked packed")


def test_the_bar_that_stays_in_sight_covers_no_focus(visitor):
    for _ in range(4):
        visitor.buy()
    visitor.sign_in()
    page = visitor.page
    page.locator("tbody input[type=checkbox]").first.check()
    for _ in range(12):
        page.keyboard.press("Tab")
        covered = page.evaluate(
            """() => {
                const bar = document.querySelector(".bulk"), here = document.activeElement;
                if (bar.contains(here)) return false;
                return here.getBoundingClientRect().bottom > bar.getBoundingClientRect().top + 1;
            }"""
        )
        assert not covered


def test_the_open_tab_is_in_sight_on_a_phone(visitor):
    visitor.sign_in()
    page = visitor.open("/admin/?tab=all")

    expect(page.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=0.9)


def test_the_list_is_saved_as_a_file(visitor):
    visitor.buy()
    visitor.sign_in()
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("link", name="Export (CSV)").click()

    assert download.value.suggested_filename.startswith("orders-")
    assert visitor.orders[0][0] in download.value.path().read_text("utf-8-sig")
