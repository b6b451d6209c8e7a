"""The list of orders in a real browser, with and without scripts."""

import re

import pytest
from playwright.sync_api import expect


@pytest.mark.parametrize("size", ["phone", "laptop"])
def test_paid_orders_are_found_chosen_and_packed_together(new_user, size):
    buyer, merchant = new_user("phone"), new_user(size)
    buyer.buy(**{"Full name": f"Chepkemoi {size.title()}"})
    buyer.buy(**{"Full name": f"Chepkemoi {size.title()}"})
    first, second = (number for number, *_ in buyer.orders)
    merchant.sign_in()
    page = merchant.page
    page.get_by_label("Find by number").fill(f"chepkem {size}")
    merchant.press("Search")
    merchant.sees(f"Found by “chepkem {size}”")
    page.get_by_label("Choose all 2").check()
    merchant.sees("All 2 orders chosen")
    merchant.press("Mark packed")

    merchant.sees("2 orders marked packed")
    for number in (first, second):
        expect(page.get_by_role("row", name=number)).to_contain_text("Packed")
    page.get_by_role("link", name="To send 2").click()
    expect(page.get_by_role("row", name=first)).to_contain_text("Classic sisal kiondo")
    page.get_by_role("link", name=first).click()
    merchant.sees_heading(f"Order {first}")
    page.get_by_text("What was sent").click()
    expect(page.locator("pre.raw-text").last).to_contain_text('"payment_status": "Payment complete."')
    merchant.press("Sign out")
    merchant.open("/admin/")
    merchant.sees_heading("Sign in")


def test_orders_fit_on_a_phone_and_the_bar_below_them_covers_no_focus(user):
    for _ in range(4):
        user.buy(**{"Full name": "Otieno & Sons Hardware and General Supplies Limited, Gikomba"})
        user.sees_paid()
    user.sign_in()
    page, rows = user.page, user.page.locator(".orders tbody tr")

    whole = rows.evaluate_all("rows => rows.filter(row => row.getBoundingClientRect().bottom <= innerHeight).length")
    assert whole >= 4
    expect(page.get_by_role("row", name=user.orders[0][0])).to_contain_text("Classic sisal kiondo")
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


def test_without_scripts_one_order_or_the_whole_list_is_packed(new_user):
    buyer, merchant = new_user("phone"), new_user("phone", java_script_enabled=False)
    for _ in range(2):
        buyer.buy()
        buyer.sees_paid()
    merchant.sign_in()
    merchant.page.get_by_label(f"Choose order {buyer.orders[0][0]}").check()
    merchant.press("Mark packed")
    merchant.sees("1 order marked packed")
    merchant.page.get_by_label("Choose all").check()
    merchant.press("Mark packed")

    merchant.sees(re.compile(r"^[0-9]+ orders? marked packed\.$"))
    merchant.sees("Nothing to pack")
