"""Addresses of setting up and granting access: ``urlpatterns`` below ``/m/<merchant>/``, ``callbacks`` below ``/oauth/``."""

from django.urls import path

from cartrover.connections import share_urls
from cartrover.connections.views import accounts, another, granting, holders

_CART, _WAREHOUSE = {"kind": "cart"}, {"kind": "warehouse"}

urlpatterns = [
    path("carts/", holders.carts, name="carts"),
    path("carts/new/", holders.add, _CART, name="new_cart"),
    path("carts/<slug:public_id>/", holders.holder, _CART, name="cart"),
    path("carts/<slug:public_id>/use/", holders.use, _CART, name="cart_use"),
    path("carts/<slug:public_id>/test/", holders.test, _CART, name="cart_test"),
    path("carts/<slug:public_id>/live/", holders.live, _CART, name="cart_live"),
    path("carts/<slug:public_id>/live/numbers/", holders.numbers, name="cart_numbers"),
    path("carts/<slug:public_id>/pause/", holders.pause, _CART, name="cart_pause"),
    path("warehouses/", holders.warehouses, name="warehouses"),
    path("warehouses/new/", holders.add, _WAREHOUSE, name="new_warehouse"),
    path("warehouses/<slug:public_id>/", holders.holder, _WAREHOUSE, name="warehouse"),
    path("warehouses/<slug:public_id>/use/", holders.use, _WAREHOUSE, name="warehouse_use"),
    path("warehouses/<slug:public_id>/test/", holders.test, _WAREHOUSE, name="warehouse_test"),
    path("warehouses/<slug:public_id>/live/", holders.live, _WAREHOUSE, name="warehouse_live"),
    path("warehouses/<slug:public_id>/pause/", holders.pause, _WAREHOUSE, name="warehouse_pause"),
    path("setup/<slug:slug>/", holders.setup, name="setup"),
    path("connections/", accounts.connections, name="connections"),
    path("connections/<slug:public_id>/", accounts.connection, name="connection"),
    path("connections/<slug:public_id>/ask-again/", accounts.ask, name="connection_ask"),
    path("connections/<slug:public_id>/disconnect/", accounts.disconnect, name="disconnect"),
    path("grants/start/", granting.start, name="grant_start"),
    path("grants/paste/", granting.paste, name="grant_paste"),
    path("grants/<slug:public_id>/status/", granting.status, name="grant_status"),
    path("grants/<slug:public_id>/go-on/", granting.go_on, name="grant_go_on"),
    path("grants/<slug:public_id>/instead/", another.instead, name="grant_instead"),
    *share_urls.of_a_merchant,
]

callbacks = [
    path("callback/<slug:slug>/", granting.callback, name="oauth_callback"),
    path("declined/<slug:slug>/", granting.declined, name="oauth_declined"),
]
