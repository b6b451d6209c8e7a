"""What the merchant looks up: reports, mails, and what is kept of a buyer."""

from collections.abc import Iterator

from tests.journeys.tours.walking import through, unfold
from tests.journeys.visitor import Visitor


def looking(visitor: Visitor) -> Iterator[str]:
    """After a payment that failed and one that did not."""
    visitor.expected.add(422)
    visitor.buy("Balance too low")
    visitor.pay()
    visitor.at_the_provider()
    visitor.sees_paid()
    visitor.sign_in()
    visitor.open("/admin/reports?days=30")
    unfold(visitor)
    yield "report of 30 days, other days open"
    yield from through(
        visitor,
        {
            "report of a day that is none": "/admin/reports?from=x",
            "report of long ago": "/admin/reports?from=2020-01-01&to=2020-01-02",
            "behind a total": "/admin/reports/orders?of=method&value=MPESA",
            "behind a total of nothing": "/admin/reports/orders?of=method&value=MPESA&from=2020-01-01&to=2020-01-02",
            "mail that waits": "/admin/mail",
            "mail that was sent": "/admin/mail?tab=sent",
            "no mail found": "/admin/mail?q=zzzz",
            "one mail": "/admin/mail/1",
            "privacy in the admin": "/admin/privacy",
            "privacy, neither phone nor e-mail": "/admin/privacy?who=x",
            "privacy, nobody found": "/admin/privacy?who=nobody@example.org",
        },
    )
    visitor.open(f"/admin/privacy?who={visitor.phone_number}")
    yield "privacy, a buyer found"
