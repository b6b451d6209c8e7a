"""Who may come to the admin, and how."""

from collections.abc import Iterator

from tests.journeys.invite_flow import CHOSEN, accept, code_of, give_code, mailed_link, send_invitation, sign_in
from tests.journeys.live_server import MERCHANT, PASSWORD
from tests.journeys.tours.walking import through, unfold
from tests.journeys.visitor import Visitor


def doors(visitor: Visitor) -> Iterator[str]:
    """Everything that stands before the admin."""
    visitor.expected.add(422)
    page = visitor.open("/admin/")
    yield "sign-in"
    sign_in(visitor, "nobody@example.com")
    yield "sign-in refused"
    visitor.open("/admin/sign-in/forgotten")
    yield "forgotten password"
    visitor.press("Email me the link")
    yield "forgotten password, no e-mail typed"
    page.get_by_label("Email").fill(MERCHANT)
    visitor.press("Email me the link")
    yield "forgotten password, on its way"
    page.goto(mailed_link(visitor, MERCHANT, "request for a new password", "/admin/sign-in/password"))
    yield "new password"
    visitor.press("Save password")
    yield "new password, none typed"


def people(visitor: Visitor) -> Iterator[str]:
    """The people of the admin, from an invitation to their removal, and what they did."""
    visitor.expected.add(422)
    visitor.sign_in()
    page, email = visitor.page, "guest-of-the-tour@example.com"
    yield from through(
        visitor,
        {
            "log": "/admin/people/log",
            "nothing was done": "/admin/people/log?day=2020-01-01",
            "log, a day that is none": "/admin/people/log?day=x",
            "invite": "/admin/people/invite",
        },
    )
    visitor.press("Send invitation")
    yield "invite, with what is missing"
    invitation = send_invitation(visitor, email, "Staff")
    yield "people, one invited"
    page.goto(invitation)
    yield "invited"
    visitor.press("Accept invitation")
    yield "invited, with what is missing"
    accept(visitor, invitation)
    visitor.open("/admin/people")
    yield "people"
    page.get_by_role("row", name=email).get_by_role("link").click()
    yield "person"
    visitor.press("Remove Njeri Test")
    yield "remove a person, asked first"
    visitor.press("Remove Njeri Test")
    unfold(visitor)
    yield "people, one removed"


def codes(visitor: Visitor) -> Iterator[str]:
    """An owner who has just joined: their account, their codes, and the door with codes."""
    visitor.expected.add(422)
    page, email = visitor.page, "owner-of-the-tour@example.com"
    visitor.sign_in()
    invitation = send_invitation(visitor, email, "Owner")
    visitor.press("Sign out")
    accept(visitor, invitation)
    sign_in(visitor, email)
    visitor.open("/admin/me")
    visitor.press("Change password")
    yield "account, no password typed"
    visitor.open("/admin/confirm")
    visitor.press("Continue")
    yield "confirm, no password typed"
    visitor.open("/admin/me/codes")
    yield "set up"
    give_code(visitor, "000000")
    yield "set up, a wrong code"
    give_code(visitor, code_of(page.locator(".two-factor-setup__secret").inner_text()))
    yield "recovery codes"
    yield from through(visitor, {"codes": "/admin/me/codes", "confirm": "/admin/confirm", "account": "/admin/me"})
    visitor.press("Sign out")
    sign_in(visitor, email, CHOSEN)
    unfold(visitor)
    yield "code"
    give_code(visitor, "000000")
    yield "a wrong code"


def signed_out(visitor: Visitor) -> Iterator[str]:
    """A form that was sent after its time: over the sign-in it comes back, filled in."""
    visitor.sign_in()
    page = visitor.open("/admin/products/new")
    page.get_by_label("Name").first.fill("Mug of the tour")
    visitor.shop.end_sessions()
    visitor.press("Add the product")
    yield "sign-in before a form that is kept"
    page.get_by_label("Email").fill(MERCHANT)
    page.get_by_label("Password").fill(PASSWORD)
    visitor.press("Sign in")
    yield "a form that was kept"


def staff(visitor: Visitor) -> Iterator[str]:
    """The admin of a staff user: less in the menu, and no word about money."""
    visitor.expected.add(403)
    email = "staff-of-the-tour@example.com"
    visitor.buy("Wrong amount")
    visitor.sign_in()
    invitation = send_invitation(visitor, email, "Staff")
    visitor.press("Sign out")
    accept(visitor, invitation)
    sign_in(visitor, email)
    yield from through(
        visitor,
        {
            "checks for staff": "/admin/checks",
            "order in review for staff": f"/admin/orders/{visitor.orders[0][0]}",
            "product for staff": "/admin/products/2",
            "only for owners": "/admin/people",
        },
    )
