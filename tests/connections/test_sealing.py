"""A stored secret opens with its key, in its place, and nowhere else."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from pytest_django import Settings

from cartrover.connections.sealing import Place, Unsealable, seal, unseal

HERE = Place(merchant_id=1, owner="connection", owner_id=17, column="access")
SECRET = "v^1.1#i^1#f^0#p^3#t^H4sIAAAAAAAAAOVYb2wURRTv9a"


@pytest.fixture(autouse=True)
def keys(settings: Settings) -> Settings:
    settings.CREDENTIAL_KEYS = {"k1": os.urandom(32)}
    return settings


def test_what_was_sealed_opens_in_its_place() -> None:
    assert unseal(seal(SECRET, HERE), HERE) == SECRET


def test_a_database_that_answers_with_a_memoryview_opens_too() -> None:
    assert unseal(memoryview(seal(SECRET, HERE)), HERE) == SECRET


def test_the_sealed_bytes_hold_nothing_of_the_secret_and_differ_each_time() -> None:
    first, second = seal(SECRET, HERE), seal(SECRET, HERE)
    assert first != second
    assert SECRET[:8].encode() not in first


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(HERE, merchant_id=2),
        replace(HERE, owner="attempt"),
        replace(HERE, owner_id=18),
        replace(HERE, column="refresh"),
    ],
    ids=["another merchant", "another table", "another row", "another column"],
)
def test_a_sealed_secret_that_was_moved_does_not_open(elsewhere: Place) -> None:
    with pytest.raises(Unsealable, match="in this place"):
        unseal(seal(SECRET, HERE), elsewhere)


def test_a_new_key_seals_while_the_old_one_still_opens(keys: Settings) -> None:
    old = seal(SECRET, HERE)
    keys.CREDENTIAL_KEYS = {"k2": os.urandom(32), **keys.CREDENTIAL_KEYS}
    assert unseal(old, HERE) == SECRET
    new = seal(SECRET, HERE)
    keys.CREDENTIAL_KEYS = {"k2": keys.CREDENTIAL_KEYS["k2"]}
    assert unseal(new, HERE) == SECRET


def test_a_key_that_is_gone_is_named(keys: Settings) -> None:
    old = seal(SECRET, HERE)
    keys.CREDENTIAL_KEYS = {"k2": os.urandom(32)}
    with pytest.raises(Unsealable, match="'k1', which CREDENTIAL_KEYS does not hold"):
        unseal(old, HERE)


def test_another_key_of_the_same_name_does_not_open(keys: Settings) -> None:
    old = seal(SECRET, HERE)
    keys.CREDENTIAL_KEYS = {"k1": os.urandom(32)}
    with pytest.raises(Unsealable):
        unseal(old, HERE)


def test_a_damaged_secret_does_not_open_wherever_the_damage_is() -> None:
    sealed = seal(SECRET, HERE)
    for at in range(len(sealed)):
        damaged = sealed[:at] + bytes((sealed[at] ^ 1,)) + sealed[at + 1 :]
        with pytest.raises(Unsealable):
            unseal(damaged, HERE)


@pytest.mark.parametrize("length", [0, 1, 2, 5, 15])
def test_a_stump_does_not_open(length: int) -> None:
    with pytest.raises(Unsealable):
        unseal(seal(SECRET, HERE)[:length], HERE)
