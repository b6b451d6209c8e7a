"""Links that open WhatsApp with a message written already."""

from urllib.parse import quote as escaped


def whatsapp_link(text: str, number: str = "") -> str:
    """To one number (digits, 2547XXXXXXXX), or, without one, to whoever the sender chooses."""
    return f"https://wa.me/{number}?text={escaped(text, safe='')}"
