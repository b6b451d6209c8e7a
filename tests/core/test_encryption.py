"""Encrypted texts can be decrypted only for their purpose and row, with any of the shop's keys."""

from typing import get_args

import pytest

from shop.core.encryption import DecryptionError, Encryptor, Purpose

KEYS = ("the newest key of 32 characters..", "an older key of 32 characters....")
PURPOSES = get_args(Purpose)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_text_can_be_decrypted_only_for_its_purpose_and_row(purpose):
    encrypted = Encryptor(KEYS, purpose).encrypt("the secret", 7)

    assert Encryptor(KEYS, purpose).decrypt(encrypted, 7) == "the secret"
    with pytest.raises(DecryptionError):
        Encryptor(KEYS, purpose).decrypt(encrypted, 8)
    for other in set(PURPOSES) - {purpose}:
        with pytest.raises(DecryptionError):
            Encryptor(KEYS, other).decrypt(encrypted, 7)


@pytest.mark.parametrize("piece", ["", "x", "gAAAAA", "{encrypted:AAAA}", "é" * 40, "\ud800", "gAAAAAB" + "A" * 120])
def test_a_text_that_we_did_not_encrypt_is_refused(piece):
    with pytest.raises(DecryptionError):
        Encryptor(KEYS, "email").decrypt(piece, 1)


def test_an_old_key_decrypts_and_the_newest_key_encrypts():
    old, both, new = (Encryptor(keys, "email") for keys in (KEYS[1:], KEYS, KEYS[:1]))

    assert both.decrypt(old.encrypt("the secret", 1), 1) == "the secret"
    assert both.needs_old_key(old.encrypt("the secret", 1))
    assert new.decrypt(both.encrypt("the secret", 1), 1) == "the secret"
    assert not both.needs_old_key(both.encrypt("the secret", 1))
