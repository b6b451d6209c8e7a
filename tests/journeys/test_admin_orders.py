"""The list of orders in a real browser: found, ticked and moved on, with and without scripts."""

import re

import pytest
from playwright.sync_api import expect


@pytest.mark.parametrize("size", ["phone", "laptop"])
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
    page.get_by_label("Choose all 2").check()
    merchant.sees("All 2 orders chosen")
    page.get_by_role("button", name="Mark packed").click()

    merchant.sees("2 orders marked packed")
    for number in (first, second):
        expect(page.get_by_role("row", name=number)).to_contain_text("Packed")
    page.get_by_role("link", name="To send 2").click()
    expect(page.get_by_role("row", name=first)).to_contain_text("Classic sisal kiondo")


def test_at_least_four_orders_with_their_goods_fit_on_a_phone(comes):
    merchant = comes("phone")
    for _ in range(4):
        merchant.buy(**{"Full name": "Otieno & Sons Hardware and General Supplies Limited, Gikomba"})
        merchant.sees_paid()
    merchant.sign_in()
    rows = merchant.page.locator(".orders tbody tr")

    whole = rows.evaluate_all("rows => rows.filter(row => row.getBoundingClientRect().bottom <= innerHeight).length")
    assert whole >= 4
    expect(rows.first).to_contain_text("1 × Classic sisal kiondo")  # noqa: RUF001 - as the page writes it


def test_without_scripts_all_of_a_list_is_chosen_too(comes):
    merchant = comes("phone", java_script_enabled=False)
    merchant.sign_in()
    page = merchant.page
    page.get_by_label("Choose all").check()
    page.get_by_role("button", name="Mark packed").click()

    merchant.sees(re.compile(r"^[0-9]+ orders? marked packed\.$"))
    merchant.sees("Nothing to pack")


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
                const bar = document.querySelector(".bulk-actions"), here = document.activeElement;
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
