from __future__ import annotations

import pytest

from twcmaster.api.auth.passwords import hash_password, verify_password


@pytest.mark.parametrize("password", ["correct horse", "", "ä€😀", "\ud800", "x" * 200])
def test_a_password_fits_its_hash_and_no_other(password: str) -> None:
    kept = hash_password(password)
    assert password not in kept.split("$")
    assert verify_password(password, kept)
    assert not verify_password(password + " ", kept)
    assert hash_password(password) != kept, "salted"


@pytest.mark.parametrize(
    "kept", ["", "scrypt", "scrypt$1$2$3$x$y", "scrypt$16384$8$5$!$!", "md5$1$1$1$YQ==$YQ==", "a$b$c$d$e$f"]
)
def test_a_damaged_hash_fits_nothing(kept: str) -> None:
    assert not verify_password("", kept)
