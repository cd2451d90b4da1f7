"""Merchants, and the people who work in them."""

from __future__ import annotations

import secrets
from typing import Any, ClassVar

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.db import models

from cartrover.merchants.tenancy import Owned

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def new_public_id() -> str:
    """Twelve characters that name a row in an address and tell nothing about it (59 bits)."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(12))


class UserManager(BaseUserManager["User"]):
    """Users are found by e-mail address, whatever its case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").lower())


class User(AbstractUser):
    """A person who signs in: a member of merchants, or an operator (``is_staff``)."""

    username = None  # type: ignore[assignment]
    email = models.EmailField("e-mail address", unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()  # type: ignore[misc,assignment]


class Merchant(models.Model):
    """The tenant. Everything a merchant owns carries its id, and PostgreSQL keeps it apart."""

    public_id = models.CharField(max_length=12, unique=True, default=new_public_id, editable=False)
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="UTC")
    support_contact = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        permissions = [("look_at_merchant", "Can view the portal as a merchant")]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    OWNER = "owner", "Owner"
    MANAGER = "manager", "Manager"
    STAFF = "staff", "Staff"
    VIEWER = "viewer", "Viewer"


class Member(Owned):
    """A person in a merchant, with a role. ``notices`` is what they chose to hear of by mail (see ``notices.py``)."""

    public_id = models.CharField(max_length=12, unique=True, default=new_public_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.VIEWER)
    notices = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "user"], name="one_membership_each")]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"


class Invitation(Owned):
    """A seat on the team, offered to an e-mail address.

    Its link is made when it is sent, and each sending makes another: ``token_hash`` is the SHA-256 of the last one. Open until
    it is accepted or revoked, or ``ends_at`` has passed.
    """

    public_id = models.CharField(max_length=12, unique=True, default=new_public_id, editable=False)
    email = models.EmailField()
    role = models.CharField(max_length=10, choices=Role.choices)
    invited_by = models.CharField(max_length=254)
    token_hash = models.BinaryField(null=True, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ends_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["email"], name="invitation_email")]
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "email"],
                condition=models.Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="one_open_invitation_each",
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} ({self.role})"


class Change(Owned):
    """One append-only line of the audit: who changed what, from what, to what. Buyers' data is never in it."""

    append_only: ClassVar[bool] = True

    at = models.DateTimeField()
    actor = models.CharField(max_length=254)
    ip = models.GenericIPAddressField(null=True)
    what = models.CharField(max_length=80)
    about = models.CharField(max_length=20)
    about_id = models.BigIntegerField()
    name = models.CharField(max_length=200)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["merchant", "-at", "-id"], name="change_newest")]

    def __str__(self) -> str:
        return f"{self.actor}: {self.what} ({self.name})"

    @property
    def differences(self) -> list[tuple[str, str, str]]:
        """What differs, as (name, from, to)."""
        names = {**self.before, **self.after}
        return [(name, _told(self.before.get(name)), _told(self.after.get(name))) for name in names]


def _told(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nothing"
    return {None: "nothing", "": "nothing", True: "yes", False: "no"}.get(value, str(value))


class SignIn(models.Model):
    """One append-only line of a person's sign-in history: log-ins, refused ones, and changes of how they sign in."""

    append_only: ClassVar[bool] = True

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="sign_ins")
    at = models.DateTimeField()
    words = models.CharField(max_length=120)
    good = models.BooleanField(default=True)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["user", "-at", "-id"], name="sign_in_newest")]

    def __str__(self) -> str:
        return f"{self.user}: {self.words}"
