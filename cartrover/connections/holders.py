"""Carts and warehouses: how they begin, what they stand on, and when they are live. Call inside the merchant's door."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Q
from django.utils import timezone

from cartrover.connections import claims, credentials, engine
from cartrover.connections.models import Cart, Connection, ServiceHolder, Warehouse
from cartrover.events.telling import close_problems, event, tell
from cartrover.merchants import audit
from cartrover.orders.models import Order, Status
from cartrover.orders.preparing import SENT
from integrations import registry
from integrations.contract import CartSide, Integration, WarehouseSide

Holder = Cart | Warehouse
H = TypeVar("H", Cart, Warehouse)
FIRST_PULL_DAYS = 30  # how far back a first download reaches, unless a person chooses otherwise
State = ServiceHolder.State


class Obstacle(Exception):
    """Why a cart or warehouse cannot go live. ``reasons`` are sentences, each with what to do."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


class LeftBehind(Exception):
    """Orders are at a warehouse's account, which it would leave."""

    cause = "left_behind"

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


# --------------------------------------------------------------------------------------------------------------------- drafts


def new_cart(integration: Integration, variant: str = "", *, actor: str) -> Cart:
    """A draft with the integration's own defaults. ``variant`` is what was chosen of it, such as a marketplace."""
    side = integration.cart
    chosen = side.variant(variant) if side else None
    if side is None or ((variant or side.variants) and chosen is None):
        raise ValueError(f"{integration.slug} has no cart {variant!r}")
    name = f"{integration.name} {chosen.name}" if chosen else integration.name
    return _told(Cart(variant=variant, name=name, **_begun(integration.slug, side)), actor)


def new_warehouse(integration: Integration, *, actor: str) -> Warehouse:
    """A draft with the integration's own defaults."""
    if integration.warehouse is None:
        raise ValueError(f"{integration.slug} is no warehouse")
    made = _told(Warehouse(name=integration.name, **_begun(integration.slug, integration.warehouse)), actor)
    if integration.kept_here:
        join(made, _of_its_own(made, integration, actor))
    return made


def _of_its_own(warehouse: Warehouse, integration: Integration, actor: str) -> Connection:
    """The connection of a warehouse that the portal keeps. Nothing is granted, and no two share one: each is a place."""
    connection: Connection = Connection.objects.create(
        integration=integration.slug,
        environment=integration.environment,
        account_id=warehouse.public_id,
        account_name=warehouse.merchant.name,
        authorised_by=actor,
        authorised_at=timezone.now(),
    )
    return connection


def _begun(slug: str, side: CartSide | WarehouseSide) -> dict[str, Any]:
    return {
        "integration": slug,
        "settings": {field.name: _plain(field.default) for field in side.fields},
        "services": {service: {"on": True, "every": None} for service in side.services},
    }


def _plain(value: Any) -> Any:
    """As JSON keeps it."""
    return list(value) if isinstance(value, tuple) else value


def _told(holder: H, actor: str) -> H:
    holder.save()
    audit.record(actor, "set up", holder, after={"state": holder.state})
    tell([event(holder, "created", f"{holder.name} was set up as a draft.", actor=actor)])
    return holder


def side_of(holder: Holder) -> CartSide | WarehouseSide:
    """What the integration declares for this role."""
    integration = registry.get(holder.integration)
    side = integration.cart if isinstance(holder, Cart) else integration.warehouse
    if side is None:
        raise LookupError(f"{holder.integration} cannot be a {holder._meta.model_name}")
    return side


# ------------------------------------------------------------------------------------------------------------- what it stands on


def join(holder: Holder, connection: Connection) -> None:
    """Let a cart or warehouse use a connection.

    Raises Claimed where another merchant's carts pull its account, LeftBehind where orders at the account before would be lost.
    """
    if holder.connection_id == connection.pk:
        return
    if isinstance(holder, Cart):
        claims.claim(connection)
    elif reason := left_behind(holder):
        raise LeftBehind(reason)
    before = holder.connection
    with audit.watched(None, "chose the connection", holder, "connection"):
        holder.connection = connection
        if before is not None:
            _start_anew(holder)
        holder.save()
    if before is not None:
        if not before.carts.exists():
            claims.release(before)
        engine.changed(before)
    engine.changed(connection)


def left_behind(warehouse: Warehouse) -> str:
    """Why a warehouse cannot go to another account now: what is at this one would never be told shipped. Empty where it can."""
    there = Q(status=Status.AT_WMS) | Q(effects__kind="order", effects__state__in=SENT, status__in=(Status.NEW, Status.HELD))
    count = Order.objects.filter(there, warehouse=warehouse).distinct().count()
    if not count or warehouse.connection is None:
        return ""
    which = "1 order is" if count == 1 else f"{count:,} orders are"
    return (
        f"{which} at {warehouse.connection.account_name} and not shipped yet. Wait until everything there is shipped, or set up "
        "another warehouse for the other account and send new orders there."
    )


def _start_anew(holder: Holder) -> None:
    """Another account: what was checked was the one before, and a first download of it has to be wanted."""
    holder.state = State.DRAFT
    if isinstance(holder, Cart):
        holder.pull_from = None


def disconnect(connection: Connection, *, actor: str) -> None:
    """Forget the tokens and stop the streams. The row stays, so that a reconnect goes on where it was."""
    credentials.wipe(connection)
    with audit.watched(actor, "disconnected", connection, "state"):
        connection.state = Connection.State.DISCONNECTED
        connection.save(update_fields=["state"])
    claims.release(connection)
    close_problems(about="connection", about_id=connection.pk)
    tell([event(connection, "disconnected", f"{connection.account_name} was disconnected.", actor=actor)])
    engine.changed(connection)


def send_orders_to(cart: Cart, warehouse: Warehouse | None, *, actor: str) -> None:
    """Choose where the cart's orders go."""
    if cart.warehouse_id == (warehouse.pk if warehouse else None):
        return
    with audit.watched(actor, "chose where orders go", cart, "warehouse"):
        cart.warehouse = warehouse
        cart.save(update_fields=["warehouse"])
    where = warehouse.name if warehouse else "nowhere"
    tell([event(cart, "changed", f"Orders now go to {where}.", actor=actor)])
    _changed(cart)


def save_settings(holder: Holder, *, actor: str, **changes: Any) -> None:
    """Keep changed columns (name, settings, services), and tell what changed."""
    changed = [name for name, value in changes.items() if getattr(holder, name) != value]
    if not changed:
        return
    with audit.watched(actor, "changed settings", holder, *changed):
        for name in changed:
            setattr(holder, name, changes[name])
        holder.save(update_fields=changed)
    tell([event(holder, "changed", f"Changed: {', '.join(changed).replace('_', ' ')}.", actor=actor)])
    _changed(holder)
    if isinstance(holder, Cart) and "identifier" in changed:
        engine.products_renamed(holder)


# ------------------------------------------------------------------------------------------------------------------------- live


def checked(holder: Holder, *, actor: str) -> None:
    """What is saved has passed the test. One that is live or paused stays so."""
    if holder.state == State.DRAFT:
        _become(holder, State.CHECKED, f"{holder.name} was tested and saved.", actor)


def unchecked(holder: Holder, *, actor: str) -> None:
    """What is saved has not passed the test. Only one that was not live yet becomes a draft again."""
    if holder.state == State.CHECKED:
        _become(holder, State.DRAFT, f"{holder.name} did not pass the test.", actor)


def go_live(holder: Holder, *, actor: str, days_back: int = FIRST_PULL_DAYS) -> None:
    """Start its services. ``days_back`` is how far back a cart's first download reaches; 0 takes what comes from now on.

    Raises Obstacle. A cart that was live before goes on where it was.
    """
    Connection.objects.select_for_update(no_key=True).filter(pk=holder.connection_id).first()  # two at once wait for each other
    reasons = obstacles(holder)
    if reasons:
        raise Obstacle(reasons)
    now = timezone.now()
    holder.went_live_at = holder.went_live_at or now
    also = ["went_live_at"]
    if isinstance(holder, Cart):
        holder.pull_from = holder.pull_from or now - timedelta(days=days_back)
        also.append("pull_from")
    _become(holder, State.LIVE, f"{holder.name} is live.", actor, *also)


def pull_since(cart: Cart, moment: datetime, *, actor: str) -> None:
    """Choose the earliest order date. An earlier one is read up by the next pull."""
    with audit.watched(actor, "chose the earliest order date", cart, "pull_from"):
        cart.pull_from = moment
        cart.save(update_fields=["pull_from"])
    tell([event(cart, "changed", f"Orders count from {moment:%Y-%m-%d} on.", actor=actor)])
    _changed(cart)


def pause(holder: Holder, *, actor: str) -> None:
    """Stop its services until it goes live again. Raises Obstacle where it is not live: a draft would come out of it untested."""
    if holder.state != State.LIVE:
        raise Obstacle([f"{holder.name} is not live."])
    _become(holder, State.PAUSED, f"{holder.name} is paused.", actor)


_DONE = {State.LIVE: "took live", State.PAUSED: "paused", State.CHECKED: "tested and saved", State.DRAFT: "tested in vain"}


def _become(holder: Holder, state: ServiceHolder.State, words: str, actor: str, *also: str) -> None:
    """``also`` are the other columns that change with it. No more is written: the row may be older than the test it passed."""
    with audit.watched(actor, _DONE[state], holder, "state"):
        holder.state = state
        holder.save(update_fields=["state", *also])
    tell([event(holder, state, words, actor=actor)])
    _changed(holder)


def _changed(holder: Holder) -> None:
    if holder.connection is not None:
        engine.changed(holder.connection)


def obstacles(holder: Holder) -> list[str]:
    """What has to be done before it can go live; empty when nothing has."""
    found = list(_of_the_account(holder.connection))
    found += [f"Fill in {field.label}." for field in side_of(holder).fields if field.required and _empty(holder, field.name)]
    if isinstance(holder, Cart):
        found += _of_the_cart(holder)
    if not found and holder.state == State.DRAFT:
        found.append("Press OK, which tests it.")
    return found


def _empty(holder: Holder, name: str) -> bool:
    return holder.settings.get(name) in ("", None, [])


def _of_the_account(connection: Connection | None) -> Iterable[str]:
    if connection is None:
        yield "Press Grant Us API Access."
    elif connection.state != Connection.State.ACTIVE:
        yield f"We have no access to {connection.account_name}. Press Reconnect."


def _of_the_cart(cart: Cart) -> Iterator[str]:
    warehouse = cart.warehouse
    if warehouse is None:
        yield "Choose where its orders go."
    elif warehouse.connection_id is not None and warehouse.connection_id == cart.connection_id:
        yield f"Its orders come from the account that {warehouse.name} delivers to. Choose another warehouse."
    elif warehouse.state != State.LIVE:
        yield f"{warehouse.name} is not live. Take it live first."
    if cart.connection is not None:
        yield from _of_the_carts_beside(cart, cart.connection)


def _of_the_carts_beside(cart: Cart, connection: Connection) -> Iterator[str]:
    """An account feeds one live cart of each variant: its orders are read once, by that cart's settings, so that a second one's
    Location ID and filters would not be heeded (docs/adr/0012-one-cart-an-account.md).
    """
    live = Cart.objects.filter(connection=connection, variant=cart.variant, state=State.LIVE)
    for other in live.exclude(pk=cart.pk):
        yield (
            f"{other.name} already takes the orders of {connection.account_name}, by its own settings. Change those, or pause it "
            "before this one goes live."
        )
