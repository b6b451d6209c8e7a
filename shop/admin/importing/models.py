"""What waits between the preview of an import and its "Apply"."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shop.database import Model, UtcDateTime


class ImportDraft(Model):
    """A CSV file as it was sent, for the merchant who sent it. It goes when it is applied, or after a day."""

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(String(43), unique=True)  # stands in the address of its preview
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchant.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(80))  # of the file
    text: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(String(200))  # what was remarkable about its encoding, for the merchant
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
