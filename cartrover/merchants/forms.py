from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from cartrover.merchants import team
from cartrover.merchants.models import Member, Merchant, Role
from cartrover.merchants.notices import SUBJECTS, Often, often
from cartrover.merchants.tenancy import acting_for
from cartrover.portal.forms import MerchantForm

MEANS = {
    Role.OWNER: "everything, and who else owns",
    Role.MANAGER: "carts, warehouses, settings and team",
    Role.STAFF: "works on orders and problems",
    Role.VIEWER: "looks, changes nothing",
}


def role_choices(roles: Iterable[Role]) -> list[tuple[str, str]]:
    return [(role.value, f"{role.label}: {MEANS[role]}") for role in roles]


class ReasonForm(forms.Form):
    """Why an operator views a merchant's portal. The merchant can read it."""

    reason = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget())


class MemberAdminForm(forms.ModelForm):
    """What an operator may change of a member."""

    def clean_role(self) -> str:
        role = str(self.cleaned_data["role"])
        try:
            with acting_for(self.instance.merchant_id):
                team.keep_an_owner(self.instance, role)
        except team.Refused as refused:
            raise forms.ValidationError(str(refused)) from refused
        return role


class InvitationForm(forms.Form):
    """Whom to invite as what; ``roles`` are those that may be given."""

    email = forms.EmailField(label="E-mail address", max_length=254)

    def __init__(self, roles: Iterable[Role], data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, initial={"role": Role.STAFF})
        self.fields["role"] = forms.ChoiceField(choices=role_choices(roles))


class MerchantSettingsForm(MerchantForm):
    class Meta(MerchantForm.Meta):
        model = Merchant
        fields = ["name", "time_zone", "support_contact"]
        widgets = {}
        help_texts = {
            **MerchantForm.Meta.help_texts,
            "support_contact": "Whom an account owner asks about a setup link: an e-mail address or a telephone number.",
        }


class NoticesForm(forms.Form):
    """What one member hears of by mail."""

    def __init__(self, member: Member, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, prefix="notices")
        for name, words in SUBJECTS.items():
            self.fields[name] = forms.ChoiceField(label=words, choices=Often.choices, initial=often(member, name))
