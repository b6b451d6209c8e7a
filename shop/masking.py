"""Showing somebody just enough of their own phone number or address to know it again; to a stranger it is of no use."""


def masked_phone(number: str) -> tuple[str, str]:
    """Beginning and end of 254712345678 as it is written, "0712" and "678"; of anything else the last three digits."""
    if len(number) == 12 and number.startswith("254"):
        return f"0{number[3:6]}", number[9:]
    return "", number[-3:]


def masked_mail(address: str) -> tuple[str, str]:
    """The first letter of an address, and what follows its @."""
    mailbox, _, host = address.rpartition("@")
    return mailbox[:1], host
