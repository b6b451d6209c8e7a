"""Every kind of page, as addresses to open and buttons to press.

Each function is a generator that yields when the user's browser shows a page to check.
"""

from collections.abc import Callable, Iterator
from secrets import token_hex

from tests.journeys.browser_user import BrowserUser
from tests.journeys.live_server import MERCHANT, PASSWORD, SKU
from tests.journeys.sign_in_steps import (
    CHOSEN,
    accept_invitation,
    code_of,
    emailed_link,
    send_code,
    send_invitation,
    sign_in,
)

Pages = Callable[[BrowserUser], Iterator[None]]
KIONDO, MATATU, TEAPOT, ELEPHANT = 2, 6, 23, 24  # as the demo shop numbers them
CSV = "Slug,Name,Category,SKU,Price,Stock\nnew-mat,New mat,Kitchen,NEW-MAT,{price},4\n"


def new_email() -> str:
    """An address of no user yet: the pages may be walked twice in one shop."""
    return f"user-{token_hex(4)}@example.com"


def open_each(user: BrowserUser, *addresses: str) -> Iterator[None]:
    """Open each page; then press the button behind ">", mostly to see the page with errors."""
    for line in addresses:
        address, _, button = line.partition(" > ")
        user.open(address)
        yield
        if button:
            user.press(button)
            yield


def shop_pages(user: BrowserUser) -> Iterator[None]:
    """What all visitors see."""
    yield from open_each(user, "/", "/categories/kitchen", "/search?q=basket", "/search?q=zzzz", "/cart", "/privacy")
    yield from open_each(user, "/pages/delivery-and-returns", "/d/KARIBU10", "/d/NOSUCH")
    yield from open_each(user, "/products", "/products?min=500&stock=1&with-Size=38", "/categories/kitchen?max=1")
    yield from open_each(user, "/products/kiondo-classic", "/products/beaded-sandals", "/products/teapot > Tell me")
    yield from open_each(user, "/orders/find > Send me the link", "/none-such", "/c/NoneSuch")


def buyer_pages(user: BrowserUser) -> Iterator[None]:
    """The cart, the checkout, the sandbox, and the order page in each state of its payment."""
    page = user.page
    user.add("kiondo-classic", quantity=2)
    yield
    page.get_by_label("Discount code").fill("NONESUCH")
    user.press("Apply")
    yield
    user.open("/checkout")
    yield
    user.pay_button.click()
    yield
    page.get_by_label("Discount code").fill("")
    user.fill_in()
    page.locator("[name=shown_total]").evaluate("field => field.value = '1'")
    user.pay_button.click()
    yield
    user.pay()
    yield
    for outcome in ("Balance too low", "Wrong amount", "Pay", "No callback at all"):
        user.buy(outcome)
        yield
    page.get_by_text("I have paid: give the M-PESA code").click()
    yield
    user.press("Send")
    yield
    order_page = f"/orders/{page.url.split('/')[4]}"
    yield from open_each(user, f"{order_page}/cancel", f"{order_page}/cancel?then=change > Cancel it and open my cart")
    yield from open_each(user, order_page, "/cart > Share this cart")
    yield from open_each(user, f"{user.shop.sandbox_url}/checkout.sessions/hosted/session/none-such")


def order_pages(user: BrowserUser) -> Iterator[None]:
    """The admin's list of orders, an order on its way to the buyer, and its slips."""
    user.buy(area="Pick up at the workshop")
    user.sees_paid()  # only a paid order can be packed
    number, order_page = user.orders[0][0], user.page.url
    order = f"/admin/orders/{number}"
    user.sign_in()
    user.page.locator("tbody input[type=checkbox]").first.check()
    yield
    yield from open_each(user, "/admin/?tab=all&from=x", "/admin/?q=zzzz", f"/admin/pick-list?order={number}")
    yield from open_each(user, f"{order}/correct", f"{order} > Mark packed: ready to collect", f"{order} > Hand over")
    yield from open_each(user, f"{order}/undo-step", f"{order}/return-goods > Put back into stock", order_page)
    yield from open_each(
        user, *(f"/admin/slips?slip={slip}&order={number}" for slip in ("packing", "receipt", "rider"))
    )
    yield from open_each(user, f"{order}/cancel-paid")
    for threshold in ("1", "20,000"):
        user.open("/admin/settings")
        user.page.get_by_label("Verify payments from").fill(threshold)
        user.press("Save settings")
        yield from open_each(user, "/admin/", order, "/admin/review?kind=unseen") if threshold == "1" else ()


def review_pages(user: BrowserUser) -> Iterator[None]:
    """A buyer's review of an order that was collected, which the owner answers and shows."""
    page = user.page
    user.buy(area="Pick up at the workshop")
    user.sees_paid()
    order, order_page = f"/admin/orders/{user.orders[0][0]}", page.url
    user.sign_in()
    user.open(order)
    user.press("Mark packed: ready to collect")
    code = user.open(order_page).locator(".status__code strong").inner_text()
    user.open(order).locator("[name=code]").fill(code)
    user.press("Hand over")
    yield from open_each(user, f"{order_page} > Send review")
    page.locator(".pick", has_text="4 stars").click()
    page.get_by_label("Your review").fill("Strong handles")
    user.press("Send review")
    yield
    page.get_by_role("link", name="Change it").click()
    yield
    yield from open_each(user, "/admin/reviews")
    page.get_by_label("Your reply").fill("Asante")
    page.get_by_role("button", name="Show it").click()
    yield from open_each(
        user, "/admin/reviews?tab=shown", "/products/kiondo-classic", "/products/kiondo-classic/reviews"
    )


def payment_pages(user: BrowserUser) -> Iterator[None]:
    """What the owner decides about payments."""
    user.buy("No callback at all")
    user.buy("Wrong amount")
    waiting, wrong = (f"/admin/orders/{number}" for number, *_ in user.orders)
    code = f"SK{user.orders[0][0]}"
    user.sign_in()
    yield from open_each(user, "/admin/review", "/admin/review?kind=twice")
    yield from open_each(user, "/admin/mpesa-codes > Look it up", "/admin/mpesa-codes?code=QQQ1A2B3C4")
    yield from open_each(user, waiting, f"{waiting}/mark-paid > Mark it paid")
    user.open(f"{waiting}/mark-paid?code={code}")
    user.page.get_by_label("Reason").fill("Seen on the statement")
    user.press("Mark it paid")
    yield from open_each(user, waiting, f"{waiting}/undo-mark-paid", wrong, f"{wrong}/accept-less?amount=1325")
    yield from open_each(user, f"{wrong}/resolve > Refuse: cancel the order", f"{wrong}/refund > Record refund")
    yield from open_each(user, "/admin/reconciliation")


def catalog_pages(user: BrowserUser) -> Iterator[None]:
    """Products, images, stock, categories and the import."""
    products = "/admin/products"
    user.sign_in()
    yield from open_each(user, products, f"{products}?tab=low", f"{products}?q=zzzz", f"{products}/{KIONDO}")
    yield from open_each(user, f"{products}/{KIONDO}/stock > Save")
    yield from open_each(user, f"{products}?tab=drafts", f"{products}/{KIONDO}/preview")
    yield from open_each(user, f"{products}/new > Add the product", f"{products}/{KIONDO}/edit")
    yield from open_each(user, f"{products}/{KIONDO}/variants/new > Add the variant", f"/admin/stock/{SKU} > Save")
    yield from open_each(user, f"{products}/{KIONDO}/images", f"{products}/{TEAPOT}/images > Add images")
    yield from open_each(user, f"{products}/{ELEPHANT} > Archive", f"{products}/{MATATU}/options")
    for number, (option, values) in enumerate((("Size", "Small, Large"), ("Colour", "Indigo, Madder"))):
        user.page.get_by_label(f"Option {number + 1}").fill(option)
        user.page.get_by_label("Its values").nth(number).fill(values)
    user.press("Show the combinations")
    yield
    user.page.get_by_label("Price of Large, Madder").fill("free")
    user.page.get_by_role("button", name="Save", exact=True).last.click()
    yield
    yield from open_each(user, "/admin/categories", "/admin/categories/1", "/admin/categories/new > Add the category")
    user.open("/admin/import")
    yield
    for price in ("free", "500"):
        file = {"name": "mats.csv", "mimeType": "text/csv", "buffer": CSV.format(price=price).encode()}
        user.page.locator("input[type=file]").set_input_files(file)
        user.press("Preview the changes")
        yield


def sales_pages(user: BrowserUser) -> Iterator[None]:
    """Discount codes, delivery areas, settings; orders and carts made for a buyer; reports, emails and privacy."""
    selling, areas, page = "/admin/discount-codes", "/admin/delivery-areas", user.page
    user.sign_in()
    yield from open_each(user, selling, f"{selling}/1", f"{selling}/new > Add code")
    yield from open_each(user, areas, f"{areas}/1", f"{areas}/new > Add")
    user.open("/admin/settings")
    yield
    page.get_by_label("About the shop").fill("We weave baskets.\n\nVisit us on Saturdays.")
    user.press("Save settings")
    yield from open_each(user, "/about", "/admin/orders/new > Make the order", f"/admin/orders/new?sku={SKU}")
    page.get_by_label("Full name", exact=True).fill("Wanjiru Test")
    page.get_by_label("Phone number", exact=True).fill(user.phone_number)
    page.get_by_label("Pick up at the workshop").check()
    for _ in range(2):  # the total is shown, then the order is made
        user.press("Make the order")
        yield
    yield from open_each(user, page.get_by_label("Only the link").input_value())
    yield from open_each(user, "/admin/cart-links?by=buyers", f"/admin/cart-links/new?sku={SKU} > Make the link")
    yield from open_each(user, page.get_by_label("Only the link").input_value(), "/admin/cart-links")
    yield from open_each(user, "/admin/reports?days=30", "/admin/reports?from=x")
    yield from open_each(user, "/admin/reports/orders?of=method&value=MPESA")
    yield from open_each(user, "/admin/emails", "/admin/emails?tab=sent", "/admin/emails?q=zzzz", "/admin/emails/1")
    yield from open_each(user, "/admin/privacy", f"/admin/privacy?who={user.phone_number}", "/admin/privacy?who=x")


def storefront_pages(user: BrowserUser) -> Iterator[None]:
    """What the owner arranges and writes: setup, look, home page and content pages."""
    home, pages, page = "/admin/home-page", "/admin/pages", user.page
    user.sign_in()
    yield from open_each(user, "/admin/setup > Remove the demo", "/admin/look > Preview", home)
    yield from open_each(user, f"{home}/new/category > Save section", f"{home}/new/banner")
    page.get_by_label("Words on the button").fill("See all")
    user.press("Save section")
    yield
    user.open(home).get_by_role("link", name="Banner").first.click()
    yield
    user.open(f"{home}/new/text").get_by_label("Heading").fill("How we weave")
    page.get_by_label("Text").fill("# Sisal\n\n- cut\n- **dyed**\n\n[All baskets](/categories/baskets)")
    user.press("Save section")
    yield from open_each(user, "/", f"{home} > Remove Text with a picture", f"{pages}/new > Save page", pages)
    yield from open_each(user, f"{pages}/new?from=terms")
    page.get_by_label("Title").fill("Wrapping")
    user.press("Save page")
    yield
    page.get_by_role("link", name="Wrapping", exact=True).first.click()
    yield
    user.press("Delete this page")
    yield


def sign_in_pages(user: BrowserUser) -> Iterator[None]:
    """Every page before the admin, and a form that was sent after the session had ended."""
    page, email = user.page, new_email()
    yield from open_each(user, "/admin/ > Sign in")
    user.sign_in()
    user.open("/admin/products/new").get_by_label("Name").first.fill("Mug of the pages")
    user.shop.end_sessions()
    user.press("Add the product")
    yield
    page.get_by_label("Email").fill(MERCHANT)
    page.get_by_label("Password").fill(PASSWORD)
    user.press("Sign in")
    yield
    invitation = send_invitation(user, email, "Owner")
    user.press("Sign out")
    yield from open_each(user, invitation)
    accept_invitation(user, invitation)
    yield from open_each(user, "/admin/sign-in/forgotten > Email me the link")
    page.get_by_label("Email").fill(email)
    user.press("Email me the link")
    yield
    yield from open_each(user, emailed_link(user, email, "request for a new password", "/admin/sign-in/password"))
    sign_in(user, email)
    user.open("/admin/account/two-factor")
    yield
    send_code(user, "000000")
    yield
    send_code(user, code_of(page.locator(".two-factor-setup__secret").inner_text()))
    yield
    yield from open_each(
        user, "/admin/account/two-factor", "/admin/confirm > Continue", "/admin/account > Change password"
    )
    user.press("Sign out")
    sign_in(user, email, CHOSEN)
    yield
    send_code(user, "000000")
    yield


def user_pages(user: BrowserUser) -> Iterator[None]:
    """The users of the admin, and the admin as staff sees it."""
    email = new_email()
    user.buy("Wrong amount")
    user.sign_in()
    yield from open_each(user, "/admin/audit-log", "/admin/audit-log?day=2020-01-01")
    yield from open_each(user, "/admin/users/invite > Send invitation")
    invitation = send_invitation(user, email, "Staff")
    yield
    user.press("Sign out")
    accept_invitation(user, invitation)
    user.sign_in()
    user.open("/admin/users").get_by_role("row", name=email).get_by_role("link").click()
    yield
    user.press("Remove Njeri Test")
    yield
    user.press("Sign out")
    sign_in(user, email)
    yield from open_each(user, "/admin/review", f"/admin/orders/{user.orders[0][0]}", f"/admin/products/{KIONDO}")
    yield from open_each(user, "/admin/users")


ALL: tuple[Pages, ...] = (
    shop_pages,
    buyer_pages,
    order_pages,
    review_pages,
    payment_pages,
    catalog_pages,
    sales_pages,
    storefront_pages,
    sign_in_pages,
    user_pages,
)
