"""The team: invitations, roles, leaving and handing over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cartrover.mail.message import Unwanted
from cartrover.mail.models import OutboxMail
from cartrover.merchants import invitations, team
from cartrover.merchants.models import Change, Invitation, Member, Merchant, Role, User
from cartrover.merchants.tenancy import across_merchants, acting_for
from tests.conftest import make_member

Visit = Callable[[User | None], Client]


def member_of(merchant: Merchant, user: User) -> Member:
    with acting_for(merchant):
        member: Member = Member.objects.select_related("user").get(user=user)
    return member


def roles(merchant: Merchant) -> dict[str, str]:
    with acting_for(merchant):
        return dict(Member.objects.values_list("user__email", "role"))


def stranger(email: str = "erin@example.com", verified: bool = True) -> User:
    user = User.objects.create_user(email, "correct horse battery")
    EmailAddress.objects.create(user=user, email=email, verified=verified, primary=True)
    return user


@pytest.fixture
def invited(visit: Visit, merchant: Merchant, alice: User) -> Invitation:
    visit(alice).post(reverse("invite", args=[merchant.public_id]), {"email": "Erin@Example.com", "role": "staff"})
    with acting_for(merchant):
        invitation: Invitation = Invitation.objects.get()
    return invitation


def waiting_mail(merchant: Merchant) -> int:
    with acting_for(merchant):
        return OutboxMail.objects.filter(kind=invitations.MAIL, state=OutboxMail.State.WAITING).count()


def link_to(merchant: Merchant, invitation: Invitation) -> str:
    with acting_for(merchant):
        return invitations.mint(invitation.pk).removeprefix(settings.PORTAL_URL)


# ----------------------------------------------------------------------------------------------------------------- invitations


def test_an_invitation_is_posted_by_its_id_and_no_row_holds_its_token(merchant: Merchant, invited: Invitation) -> None:
    with acting_for(merchant):
        mail = OutboxMail.objects.get(kind="invitation")
        assert (mail.to, mail.ids["invitation"]) == ("erin@example.com", invited.pk)
        token = link_to(merchant, invited).split("/")[-2]
        row = Invitation.objects.values().get()
    assert token not in str(row)
    assert len(row["token_hash"]) == 32


def test_the_invited_person_signs_up_and_accepts(visit: Visit, merchant: Merchant, invited: Invitation) -> None:
    link = link_to(merchant, invited)
    anonymous = visit(None)
    answer = anonymous.get(link)
    assert answer["location"] == reverse("join"), "the token leaves the address at once"
    assert answer["Referrer-Policy"] == "no-referrer"
    page = anonymous.get(reverse("join")).content.decode()
    assert merchant.name in page
    assert "erin@example.com" in page
    client = visit(stranger())
    assert f"Join {merchant.name}" in client.get(reverse("join")).content.decode()
    answer = client.post(reverse("accept_invitation", args=[invited.public_id]))
    assert answer["location"] == reverse("dashboard", args=[merchant.public_id])
    assert roles(merchant)["erin@example.com"] == "staff"
    assert client.get(answer["location"]).status_code == 200


def test_opening_the_link_uses_nothing_up(visit: Visit, merchant: Merchant, invited: Invitation) -> None:
    link = link_to(merchant, invited)
    for _ in range(3):
        client = visit(None)
        client.get(link)
        assert merchant.name in client.get(reverse("join")).content.decode()


@pytest.mark.parametrize(
    ("email", "verified"), [("frank@example.com", True), ("erin@example.com", False)], ids=["another address", "not confirmed"]
)
def test_only_the_invited_address_once_confirmed_can_accept(
    visit: Visit, merchant: Merchant, invited: Invitation, email: str, verified: bool
) -> None:
    client = visit(stranger(email, verified))
    client.get(link_to(merchant, invited))
    client.post(reverse("accept_invitation", args=[invited.public_id]))
    assert email not in roles(merchant)


def test_sending_again_voids_the_link_before(visit: Visit, merchant: Merchant, invited: Invitation) -> None:
    old, new = link_to(merchant, invited), link_to(merchant, invited)
    client = visit(None)
    client.get(old)
    assert "has ended" in client.get(reverse("join")).content.decode()
    client.get(new)
    assert merchant.name in client.get(reverse("join")).content.decode()


@pytest.mark.parametrize("ending", ["revoked", "expired", "accepted"])
def test_an_ended_invitation_lets_nobody_in(
    visit: Visit, merchant: Merchant, alice: User, invited: Invitation, ending: str
) -> None:
    link = link_to(merchant, invited)
    if ending == "revoked":
        visit(alice).post(reverse("revoke_invitation", args=[merchant.public_id, invited.public_id]))
    else:
        column = {"expired": "ends_at", "accepted": "accepted_at"}[ending]
        with acting_for(merchant):
            Invitation.objects.update(**{column: timezone.now() - timedelta(seconds=1)})
    erin = stranger()
    client = visit(erin)
    client.get(link)
    assert "has ended" in client.get(reverse("join")).content.decode()
    client.post(reverse("accept_invitation", args=[invited.public_id]))
    assert "erin@example.com" not in roles(merchant)


def test_the_page_offers_the_link_to_copy(visit: Visit, merchant: Merchant, alice: User, invited: Invitation) -> None:
    text = visit(alice).post(reverse("copy_invitation", args=[merchant.public_id, invited.public_id])).content.decode()
    link = text.split(f'value="{settings.PORTAL_URL}')[1].split('"')[0]
    client = visit(None)
    client.get(link)
    assert merchant.name in client.get(reverse("join")).content.decode()


def test_a_link_that_was_copied_outlives_the_mail_that_waited(
    visit: Visit, merchant: Merchant, alice: User, invited: Invitation
) -> None:
    text = visit(alice).post(reverse("copy_invitation", args=[merchant.public_id, invited.public_id])).content.decode()
    link = text.split(f'value="{settings.PORTAL_URL}')[1].split('"')[0]
    assert "Link copied" in text
    assert waiting_mail(merchant) == 0
    assert invitations.behind(link.rpartition("/join/")[2].strip("/")) == invited.public_id


@pytest.mark.parametrize("end", ["revoked", "accepted"])
def test_no_mail_goes_out_for_an_invitation_that_has_ended(
    visit: Visit, merchant: Merchant, alice: User, invited: Invitation, end: str
) -> None:
    if end == "revoked":
        visit(alice).post(reverse("revoke_invitation", args=[merchant.public_id, invited.public_id]))
        assert waiting_mail(merchant) == 0
    else:
        invitations.accept(invited.public_id, stranger(), "erin@example.com")
    with acting_for(merchant), pytest.raises(Unwanted):
        invitations.mint(invited.pk)


def test_an_operator_leaves_every_team_an_owner(visit: Visit, merchant: Merchant, alice: User) -> None:
    olga = User.objects.create_superuser("olga@example.com", "correct horse battery")
    Authenticator.objects.create(user=olga, type=Authenticator.Type.TOTP, data={"secret": "x"})
    address = reverse("admin:merchants_member_change", args=[member_of(merchant, alice).pk])
    assert team.LAST_OWNER in visit(olga).post(address, {"role": "viewer"}).content.decode()
    assert roles(merchant)[alice.email] == "owner"


def test_who_is_on_the_team_is_not_invited_again(visit: Visit, merchant: Merchant, alice: User, bob: User) -> None:
    answer = visit(alice).post(reverse("invite", args=[merchant.public_id]), {"email": "BOB@example.com", "role": "owner"})
    assert "is on the team already" in answer.content.decode()
    assert roles(merchant)["bob@example.com"] == "staff"


def test_an_invitation_opens_one_merchant_only(
    visit: Visit, other_merchant: Merchant, charlie: User, invited: Invitation
) -> None:
    for name in ("revoke_invitation", "resend_invitation", "copy_invitation"):
        assert visit(charlie).post(reverse(name, args=[other_merchant.public_id, invited.public_id])).status_code == 404
    assert invitations.named(invited.public_id) is not None


# ----------------------------------------------------------------------------------------------------------------------- roles


@pytest.mark.parametrize("role", ["owner", "manager"])
def test_a_manager_makes_nobody_manager_or_owner(visit: Visit, merchant: Merchant, bob: User, role: str) -> None:
    dora = make_member(merchant, "dora@example.com", Role.MANAGER)
    client = visit(dora)
    client.post(reverse("invite", args=[merchant.public_id]), {"email": "erin@example.com", "role": role})
    client.post(reverse("change_role", args=[merchant.public_id, member_of(merchant, bob).public_id]), {"role": role})
    with acting_for(merchant):
        assert not Invitation.objects.exists()
    assert roles(merchant)["bob@example.com"] == "staff"


@pytest.mark.parametrize("role", [Role.OWNER, Role.MANAGER])
def test_a_manager_does_nothing_with_an_invitation_of_an_owner_or_a_manager(
    visit: Visit, merchant: Merchant, alice: User, role: Role
) -> None:
    visit(alice).post(reverse("invite", args=[merchant.public_id]), {"email": "erin@example.com", "role": role.value})
    with acting_for(merchant):
        before = Invitation.objects.values().get()
    client = visit(make_member(merchant, "dora@example.com", Role.MANAGER))
    answer = client.post(reverse("invite", args=[merchant.public_id]), {"email": "Erin@example.com", "role": "staff"})
    assert f"erin@example.com is invited as {role.value} already. Only an owner can change that." in answer.content.decode()
    with acting_for(merchant):
        assert Invitation.objects.values().get() == before
    for name in ("revoke_invitation", "resend_invitation", "copy_invitation"):
        assert client.post(reverse(name, args=[merchant.public_id, before["public_id"]])).status_code == 404


def test_an_invitation_has_buttons_for_who_may_press_them(
    visit: Visit, merchant: Merchant, alice: User, invited: Invitation
) -> None:
    owners = visit(alice)
    owners.post(reverse("invite", args=[merchant.public_id]), {"email": "olga@example.com", "role": "owner"})
    managers = visit(make_member(merchant, "dora@example.com", Role.MANAGER))
    pages = [client.get(reverse("team", args=[merchant.public_id])).content.decode() for client in (owners, managers)]
    for email, shown in (("erin@example.com", [True, True]), ("olga@example.com", [True, False])):
        assert all(email in page for page in pages)
        for button in ("Send again to", "Link for", "Revoke the invitation of"):
            assert [f'"{button} {email}"' in page for page in pages] == shown, (button, email)


def test_an_owner_changes_the_role_of_a_waiting_invitation(
    visit: Visit, merchant: Merchant, alice: User, invited: Invitation
) -> None:
    for role in ("owner", "viewer"):
        visit(alice).post(reverse("invite", args=[merchant.public_id]), {"email": invited.email, "role": role})
        with acting_for(merchant):
            assert Invitation.objects.get().role == role


def test_a_manager_changes_no_owner_and_no_manager(visit: Visit, merchant: Merchant, alice: User) -> None:
    dora = make_member(merchant, "dora@example.com", Role.MANAGER)
    make_member(merchant, "frank@example.com", Role.MANAGER)
    before = roles(merchant)
    with acting_for(merchant):
        others = list(Member.objects.exclude(user=dora))
    for other in others:
        visit(dora).post(reverse("change_role", args=[merchant.public_id, other.public_id]), {"role": "viewer"})
        visit(dora).post(reverse("remove_member", args=[merchant.public_id, other.public_id]))
    assert roles(merchant) == before


def test_what_was_taken_away_is_gone_at_the_next_request(visit: Visit, merchant: Merchant, alice: User, bob: User) -> None:
    at_work, row = visit(bob), member_of(merchant, bob)
    team_page = reverse("team", args=[merchant.public_id])
    visit(alice).post(reverse("change_role", args=[merchant.public_id, row.public_id]), {"role": "manager"})
    assert at_work.get(reverse("audit", args=[merchant.public_id])).status_code == 200
    visit(alice).post(reverse("change_role", args=[merchant.public_id, row.public_id]), {"role": "viewer"})
    assert at_work.get(reverse("audit", args=[merchant.public_id])).status_code == 403
    visit(alice).post(reverse("remove_member", args=[merchant.public_id, row.public_id]))
    assert at_work.get(team_page).status_code == 404


def test_the_last_owner_cannot_leave(visit: Visit, merchant: Merchant, alice: User, bob: User) -> None:
    answer = visit(alice).post(reverse("leave_team", args=[merchant.public_id]), follow=True)
    assert team.LAST_OWNER in answer.content.decode()
    assert roles(merchant)["alice@example.com"] == "owner"


def test_the_last_owner_cannot_step_down(visit: Visit, merchant: Merchant, alice: User) -> None:
    row = member_of(merchant, alice)
    visit(alice).post(reverse("change_role", args=[merchant.public_id, row.public_id]), {"role": "viewer"})
    assert roles(merchant) == {"alice@example.com": "owner"}


def test_a_member_leaves(visit: Visit, merchant: Merchant, alice: User, bob: User) -> None:
    visit(bob).post(reverse("leave_team", args=[merchant.public_id]))
    assert roles(merchant) == {"alice@example.com": "owner"}


def test_handing_over_asks_who_you_are_and_swaps_the_roles(visit: Visit, merchant: Merchant, alice: User, bob: User) -> None:
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    client = visit(alice)
    there = reverse("hand_over", args=[merchant.public_id])
    to = {"to": member_of(merchant, bob).public_id}
    asked = client.post(there, to)
    assert asked["location"].startswith(reverse("account_reauthenticate"))
    assert roles(merchant)["bob@example.com"] == "staff"
    assert client.post(asked["location"], {"password": "correct horse battery"})["location"] == there
    client.post(there, to)
    assert roles(merchant) == {"alice@example.com": "manager", "bob@example.com": "owner"}


def test_every_change_of_the_team_is_in_the_audit(visit: Visit, merchant: Merchant, alice: User, bob: User) -> None:
    client, row = visit(alice), member_of(merchant, bob)
    client.post(reverse("change_role", args=[merchant.public_id, row.public_id]), {"role": "viewer"})
    client.post(reverse("remove_member", args=[merchant.public_id, row.public_id]))
    with across_merchants("a test looks"):
        lines = list(Change.objects.order_by("id").values_list("actor", "what", "before", "after", "ip"))
    assert lines == [
        ("alice@example.com", "changed a role", {"role": "staff"}, {"role": "viewer"}, "127.0.0.1"),
        ("alice@example.com", "removed from the team", {"role": "viewer"}, {"role": None}, "127.0.0.1"),
    ]
