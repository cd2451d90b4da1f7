"""Every address below ``/m/``, by every role and method, against the table of who may do what."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from cartrover.merchants.models import Member, Merchant, Role, User
from cartrover.merchants.roles import RANKS, may
from cartrover.merchants.tenancy import acting_for
from tests.conftest import make_member
from tests.portal.addresses import of_a_merchant

Visit = Callable[[User | None], Client]
NO = None
VIEWER, STAFF, MANAGER, OWNER = RANKS

# Who may look, and who may act; NO where there is nothing to look at or to do.
TABLE: dict[str, tuple[Role | None, Role | None]] = {
    "dashboard": (VIEWER, NO),
    "live": (VIEWER, NO),
    "figures": (VIEWER, NO),
    "orders": (VIEWER, NO),
    "save_view": (NO, VIEWER),
    "delete_view": (NO, VIEWER),
    "order": (VIEWER, NO),
    "order_call": (VIEWER, NO),
    "order_payload": (VIEWER, NO),
    "pull_orders_again": (STAFF, STAFF),
    "edit_order": (STAFF, STAFF),
    "order_do": (STAFF, STAFF),
    "bulk": (STAFF, NO),
    "start_bulk": (NO, STAFF),
    "export_orders": (NO, STAFF),
    "push_package": (NO, STAFF),
    "leave_package": (NO, STAFF),
    "settle_package": (NO, STAFF),
    "rehearsal": (VIEWER, NO),
    "rehearse": (NO, MANAGER),
    "rehearsed_orders": (VIEWER, NO),
    "test_order": (VIEWER, NO),
    "send_test_order": (NO, MANAGER),
    "proof": (VIEWER, NO),
    "check_now": (NO, STAFF),
    "stock": (VIEWER, NO),
    "listing": (VIEWER, NO),
    "push_listing": (NO, STAFF),
    "listing_cart": (NO, STAFF),
    "stock_rules": (VIEWER, MANAGER),
    "push_cart": (NO, STAFF),
    "jobs": (VIEWER, NO),
    "job": (VIEWER, NO),
    "stop_job": (NO, STAFF),
    "packing": (VIEWER, NO),
    "packing_sheet": (VIEWER, NO),
    "packing_slips": (VIEWER, NO),
    "packing_order": (VIEWER, NO),
    "packing_pack": (NO, STAFF),
    "packing_slip": (VIEWER, NO),
    "parcel_ship": (NO, STAFF),
    "parcel_take_back": (NO, STAFF),
    "parcel_slip": (VIEWER, NO),
    "packing_stock": (VIEWER, NO),
    "packing_count": (NO, STAFF),
    "packing_make": (NO, STAFF),
    "packing_export": (VIEWER, NO),
    "packing_import": (NO, STAFF),
    "packing_file": (VIEWER, NO),
    "packing_apply": (NO, STAFF),
    "problems": (VIEWER, NO),
    "suggest_skus": (STAFF, NO),
    "match_problem": (NO, STAFF),
    "skus": (VIEWER, NO),
    "read_both_sides": (NO, STAFF),
    "match_sku": (NO, STAFF),
    "new_sku_rule": (STAFF, STAFF),
    "sku_rule": (STAFF, STAFF),
    "delete_sku_rule": (NO, STAFF),
    "export_skus": (VIEWER, NO),
    "import_skus": (STAFF, STAFF),
    "problem": (VIEWER, NO),
    "retry_problem": (NO, STAFF),
    "release_problem": (NO, STAFF),
    "map_from_problem": (NO, MANAGER),
    "shipping": (VIEWER, NO),
    "save_methods": (NO, MANAGER),
    "save_carriers": (NO, MANAGER),
    "rules": (VIEWER, NO),
    "add_rule": (NO, MANAGER),
    "preview_rule": (NO, MANAGER),
    "switch_rule": (NO, MANAGER),
    "delete_rule": (NO, MANAGER),
    "save_earliest": (NO, MANAGER),
    "save_limits": (NO, MANAGER),
    "carts": (VIEWER, NO),
    "new_cart": (MANAGER, NO),
    "cart": (VIEWER, MANAGER),
    "cart_use": (NO, MANAGER),
    "cart_test": (NO, MANAGER),
    "cart_live": (MANAGER, MANAGER),
    "cart_numbers": (MANAGER, NO),
    "cart_pause": (NO, STAFF),
    "cart_share": (NO, MANAGER),
    "cart_links": (MANAGER, NO),
    "warehouses": (VIEWER, NO),
    "new_warehouse": (MANAGER, NO),
    "warehouse": (VIEWER, MANAGER),
    "warehouse_use": (NO, MANAGER),
    "warehouse_test": (NO, MANAGER),
    "warehouse_live": (MANAGER, MANAGER),
    "warehouse_pause": (NO, STAFF),
    "warehouse_share": (NO, MANAGER),
    "warehouse_links": (MANAGER, NO),
    "setup": (MANAGER, MANAGER),
    "connections": (VIEWER, NO),
    "connection": (VIEWER, NO),
    "connection_ask": (NO, MANAGER),
    "connection_share": (NO, MANAGER),
    "connection_links": (MANAGER, NO),
    "disconnect": (NO, MANAGER),
    "grant_start": (NO, MANAGER),
    "grant_paste": (NO, MANAGER),
    "grant_status": (VIEWER, NO),
    "grant_go_on": (NO, MANAGER),
    "grant_instead": (MANAGER, MANAGER),
    "link_resend": (NO, MANAGER),
    "link_revoke": (NO, MANAGER),
    "link_copy": (NO, MANAGER),
    "team": (VIEWER, NO),
    "invite": (NO, MANAGER),
    "leave_team": (NO, VIEWER),
    "hand_over": (OWNER, OWNER),
    "change_role": (NO, MANAGER),
    "remove_member": (NO, MANAGER),
    "resend_invitation": (NO, MANAGER),
    "copy_invitation": (NO, MANAGER),
    "revoke_invitation": (NO, MANAGER),
    "merchant_settings": (VIEWER, NO),
    "save_settings": (NO, MANAGER),
    "save_notices": (NO, VIEWER),
    "audit": (MANAGER, NO),
}


@pytest.fixture
def nothing_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """No view gets through to an outside system; what it says of that is no matter here."""

    def unreachable(*args: Any, **kwargs: Any) -> None:
        raise ConnectionRefusedError("not in this test")

    monkeypatch.setattr(socket.socket, "connect", unreachable)
    monkeypatch.setattr(socket, "getaddrinfo", unreachable)


def test_the_table_names_every_address_once() -> None:
    assert sorted(TABLE) == sorted(address.name for address in of_a_merchant())


@pytest.mark.parametrize("role", RANKS)
def test_each_role_does_what_the_table_says_and_nothing_else(
    visit: Visit, merchant: Merchant, ids: dict[str, list[str]], role: Role, nothing_outside: None
) -> None:
    user = make_member(merchant, "bob@example.com", role)
    with acting_for(merchant):
        member = Member.objects.get(user=user)
    client = visit(user)
    client.raise_request_exception = False
    wrong = []
    for address in of_a_merchant():
        path = next(address.filled(ids))
        for method, needed in zip(("GET", "POST"), TABLE[address.name], strict=True):
            with transaction.atomic():
                status = client.generic(method, path).status_code
                transaction.set_rollback(True)
            expected = needed is not NO and may(member, needed)
            if (status not in (403, 405)) != expected:
                wrong.append((method, path, status))
    assert wrong == []
