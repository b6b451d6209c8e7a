"""The form of a delivery area or pickup point."""

from wtforms import RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, ValidationError

from shop.core.text import typed_line
from shop.pricing.delivery_dates import DeliveryCalendar
from shop.pricing.models import DeliveryArea
from shop.web.base_form import BaseForm
from shop.web.form_fields import MAX_SHILLINGS, WholeNumberField

MAX_FEE = 100_000
MAX_DAYS = 60  # working days until an order arrives
KINDS = {"brought": "Delivery", "pickup": "Pickup"}
WORKING_DAYS = {
    "12345": "Monday to Friday",
    "123456": "Monday to Saturday",
    "123457": "Sunday to Friday",
    "1234567": "Every day",
}
DAY_CHOICES = [SelectChoice(*choice) for choice in WORKING_DAYS.items()]
DATE_FIELDS = ("cutoff_hour", "first_day", "last_day")


def calendar_words(calendar: DeliveryCalendar | None) -> str:
    """A calendar in words, for the audit log; "" for none."""
    if calendar is None:
        return ""
    days = WORKING_DAYS.get(calendar.working_days, calendar.working_days)
    arrives = f"arrives after {calendar.first_day} to {calendar.last_day} working days"
    return f"{days}, paid before {calendar.cutoff_hour}:00 leaves the same day, {arrives}"


class AreaForm(BaseForm):
    """A delivery area, or a pickup point."""

    kind = RadioField("How buyers get their order", default="brought", validate_choice=False)
    name = StringField(
        "Name",
        [DataRequired("Enter a name"), Length(max=80, message="Name must be 80 characters or fewer")],
        filters=[typed_line],
    )
    fee = WholeNumberField("Fee", 0, MAX_FEE, needed=True, money=True)
    free_from = WholeNumberField("Free from", 1, MAX_SHILLINGS, money=True)
    delivery_time = StringField(
        "Delivery time", [Length(max=40, message="Delivery time must be 40 characters or fewer")], filters=[typed_line]
    )
    working_days = SelectField("Working days", choices=DAY_CHOICES, default="123456", validate_choice=False)
    cutoff_hour = WholeNumberField("Cut-off hour", 0, 24)
    first_day = WholeNumberField("Earliest day", 0, MAX_DAYS)
    last_day = WholeNumberField("Latest day", 0, MAX_DAYS)
    place = StringField(
        "Address of the pickup point",
        [Length(max=200, message="Address must be 200 characters or fewer")],
        filters=[typed_line],
    )
    hours = StringField(
        "Opening hours", [Length(max=80, message="Opening hours must be 80 characters or fewer")], filters=[typed_line]
    )

    def validate_kind(self, field: RadioField) -> None:
        if field.data not in KINDS:
            raise ValidationError("Choose delivery or pickup")

    def validate_place(self, field: StringField) -> None:
        if self.kind.data == "pickup" and not field.data:
            raise ValidationError("Enter the address, like a street, building or landmark")

    def validate_delivery_time(self, field: StringField) -> None:
        if not field.data and not self._dated:
            raise ValidationError("Enter a delivery time, like 1 to 2 days, or the figures of the delivery date")

    def validate_working_days(self, field: SelectField) -> None:
        if field.data not in WORKING_DAYS:
            raise ValidationError("Choose the working days")

    def validate_cutoff_hour(self, field: WholeNumberField) -> None:
        self._need_all(field)

    def validate_first_day(self, field: WholeNumberField) -> None:
        self._need_all(field)

    def validate_last_day(self, field: WholeNumberField) -> None:
        self._need_all(field)
        first, last = self.first_day.number, self.last_day.number
        if first is not None and last is not None and last < first:
            raise ValidationError("Latest day must not be before the earliest day")

    def _need_all(self, field: WholeNumberField) -> None:
        if self._dated and not field.data:
            raise ValidationError(f"{field.label.text} is missing: enter it, or empty all figures of the delivery date")

    @property
    def _dated(self) -> bool:
        """Whether a figure of the delivery date was typed."""
        return any(self[name].data for name in DATE_FIELDS)

    @property
    def calendar(self) -> DeliveryCalendar | None:
        """The checked figures of the delivery date; None when they are empty."""
        cutoff, first, last = (self[name].number for name in DATE_FIELDS)
        if cutoff is None or first is None or last is None:
            return None
        return DeliveryCalendar(self.working_days.data, cutoff, first, last)

    def fill(self, area: DeliveryArea) -> None:
        """Fill in the form from a saved area."""
        self.kind.data = "pickup" if area.pickup else "brought"
        self.name.data, self.fee.data, self.delivery_time.data = area.name, str(area.fee), area.delivery_time
        self.free_from.data = str(area.free_from or "")
        if area.calendar:
            self.working_days.data = area.calendar.working_days
            for name in DATE_FIELDS:
                self[name].data = str(getattr(area.calendar, name))
        self.place.data, self.hours.data = area.place, area.hours

    def save_to(self, area: DeliveryArea) -> None:
        """Save the checked answers. Only a pickup point has an address and opening hours."""
        area.pickup = self.kind.data == "pickup"
        area.name, area.fee, area.delivery_time = self.name.data, self.fee.number or 0, self.delivery_time.data
        area.free_from, area.calendar = self.free_from.number, self.calendar
        area.place = self.place.data if area.pickup else ""
        area.hours = self.hours.data if area.pickup else ""
