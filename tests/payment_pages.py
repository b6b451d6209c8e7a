"""Using the admin's payment pages in tests."""

from sqlalchemy import select

from shop.accounts.models import AuditLogEntry
from shop.core.database import db
from shop.emails.models import OutboxEmail
from shop.payments.reconciliation import reconcile
from tests.shopper import hidden_fields

CODE = "SKA1B2C3D4"


class PaymentPages:
    """An owner who uses the payment pages of orders."""

    def __init__(self, app, owner, ledger):
        self.app, self.owner, self.ledger = app, owner, ledger

    def number(self, bought):
        return self.ledger.column("number", bought)

    def press(self, bought, action, **fields):
        token = hidden_fields(self.owner.get("/admin/").text)
        return self.owner.post(f"/admin/orders/{self.number(bought)}/{action}", {**token, **fields})

    def form(self, bought, page, **fields):
        address = f"/admin/orders/{self.number(bought)}/{page}"
        shown = self.owner.get(address)
        assert shown.status_code == 200, shown.headers.get("Location")
        total = str(self.ledger.column("total", bought))
        filled = {"amount": total, "method": "MPESA", "code": CODE, "reason": "Seen in M-PESA", **fields}
        return lambda: self.owner.post(address, {**hidden_fields(shown.text), **filled})

    def mark_paid(self, bought, **fields):
        return self.form(bought, "mark-paid", **fields)()

    def record_refund(self, bought, **fields):
        return self.form(bought, "refund", **{"code": "", "reason": "Broken", **fields})()

    def accept_less(self, bought, amount):
        """Press Accept, then confirm the smaller amount on the next page."""
        asked = self.press(bought, "accept", amount=amount)
        shown = self.owner.get(asked.headers["Location"])
        assert shown.status_code == 200, asked.headers["Location"]
        address = f"/admin/orders/{self.number(bought)}/accept-less"
        fields = hidden_fields(shown.text.partition("/accept-less")[2])
        return self.owner.post(address, {**fields, "reason": "Good enough"})

    def cancel_paid(self, bought, **fields):
        return self.form(bought, "cancel-paid", reason="Sold out", **fields)()

    def undo_mark_paid(self, bought):
        return self.form(bought, "undo-mark-paid", reason="Another order's")()

    def request_remaining(self, bought, received, remaining):
        return self.press(bought, "request-rest", came=str(received), rest=str(remaining))

    def follow(self, reply):
        assert reply.status_code == 303, reply.text
        return self.owner.get(reply.headers["Location"]).text

    def sums(self, bought):
        return tuple(
            self.ledger.column(name, bought) for name in ("received", "refunded", "refund_due_amount", "shortfall")
        )

    def ledger_agrees(self):
        with self.app.app_context():
            return reconcile().holds

    def mails(self, kind):
        with self.app.app_context():
            return list(db.session.scalars(select(OutboxEmail.body).where(OutboxEmail.kind == kind)))

    def audit_words(self):
        with self.app.app_context():
            return list(
                db.session.scalars(
                    select(AuditLogEntry.words).where(AuditLogEntry.order_id.is_not(None)).order_by(AuditLogEntry.id)
                )
            )
