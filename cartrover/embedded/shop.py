"""What the demo's merchant has set up beyond its carts, by the portal's own functions: so that no page of the demo is empty.

Rules for SKUs and orders, shipping methods, stock rules, a saved view, and a packing desk of its own for the orders of a
wholesale shop at TradeGecko. Inside the merchant's door.
"""

from __future__ import annotations

from cartrover.connections import declared, holders
from cartrover.connections.models import Cart, Warehouse
from cartrover.embedded.catalogue import BUFFERS, GOODS, HELD_FROM, METHODS, SKU_RULES
from cartrover.embedded.people import MEMBER
from cartrover.embedded.wholesale import DESK_GOODS
from cartrover.inventory.rules import StockRules
from cartrover.inventory.sku_rules import Wanted
from cartrover.inventory.skus import LEAVE_OUT, SEND, Part
from cartrover.merchants.models import Member, Role
from cartrover.orders import methods, ruling
from cartrover.orders.filters import as_query
from cartrover.orders.models import OrderRule, SavedView, ShippingMethod
from cartrover.packing import stock
from cartrover.packing.desks import connection_of
from cartrover.sync import jobs, sku_rules

VIEW = "Waits for us"


def before_live() -> None:
    """What orders are judged by has to be there before they come."""
    for code, (parts, promotional) in SKU_RULES.items():
        action = SEND if parts else LEAVE_OUT
        sku_rules.save(Wanted(code, None, action, promotional, tuple(Part(*part) for part in parts)), MEMBER)
    ruling.add(OrderRule(field="total", test="at_least", values=[HELD_FROM], action=OrderRule.Action.HOLD), MEMBER)
    carts = {cart.variant: cart for cart in Cart.objects.filter(integration="ebay")}
    for variant, cart in carts.items():
        mapped = METHODS.get(variant, {})
        methods.learn_methods((cart.pk, code) for code in mapped)
        for method in ShippingMethod.objects.filter(cart=cart):
            methods.map_method(method, sent_as=mapped[method.code], hold=not mapped[method.code])
        rules = StockRules(buffer=BUFFERS.get(variant, 0))
        holders.save_settings(cart, actor=MEMBER, stock_rules=rules.stored())


def desk() -> Warehouse:
    """A live packing desk with some stock on its shelf."""
    made = holders.new_warehouse(declared.integration("portal"), actor=MEMBER)
    holders.save_settings(made, actor=MEMBER, name="Packing desk Hamburg")
    holders.checked(made, actor=MEMBER)
    holders.go_live(made, actor=MEMBER)
    for sku, name, on_hand in DESK_GOODS:
        stock.make(connection_of(made), sku, name=name, on_hand=on_hand, actor=MEMBER)
    return made


def once_live() -> None:
    """A view worth keeping, and what a careful merchant asks for: a rehearsal and a test order."""
    SavedView.objects.create(member=Member.objects.get(role=Role.OWNER), name=VIEW, query=as_query({"status": "held"}))
    cart = Cart.objects.filter(integration="ebay", variant=next(iter(GOODS))).first()
    if cart is not None:
        jobs.ask("rehearsal", by=MEMBER, subject=f"cart-{cart.pk}", cart=cart, days=7)
        jobs.ask("test_order", by=MEMBER, subject=f"cart-{cart.pk}", cart=cart, method=next(iter(METHODS[cart.variant])))
