"""Addresses of setup links: ``urlpatterns`` for the owner, without a merchant; ``of_a_merchant`` for members."""

from django.urls import path

from cartrover.connections.views import another, opening, owner, sharing

_CART, _WAREHOUSE, _CONNECTION = {"kind": "cart"}, {"kind": "warehouse"}, {"kind": "connection"}

urlpatterns = [
    path("", owner.page, name="owner"),
    path("start/", owner.start, name="owner_start"),
    path("paste/", owner.paste, name="owner_paste"),
    path("test/", owner.test, name="owner_test"),
    path("finish/", owner.finish, name="owner_finish"),
    path("<slug:attempt_id>/status/", owner.status, name="owner_status"),
    path("<slug:attempt_id>/go-on/", owner.go_on, name="owner_go_on"),
    path("<slug:attempt_id>/instead/", another.owner_instead, name="owner_instead"),
    path("<str:token>", opening.open_link, name="setup_link"),
]

of_a_merchant = [
    path("carts/<slug:public_id>/share/", sharing.share, _CART, name="cart_share"),
    path("carts/<slug:public_id>/links/", sharing.links, _CART, name="cart_links"),
    path("warehouses/<slug:public_id>/share/", sharing.share, _WAREHOUSE, name="warehouse_share"),
    path("warehouses/<slug:public_id>/links/", sharing.links, _WAREHOUSE, name="warehouse_links"),
    path("connections/<slug:public_id>/share/", sharing.share, _CONNECTION, name="connection_share"),
    path("connections/<slug:public_id>/links/", sharing.links, _CONNECTION, name="connection_links"),
    path("links/<slug:public_id>/resend/", sharing.resend, name="link_resend"),
    path("links/<slug:public_id>/revoke/", sharing.revoke, name="link_revoke"),
    path("links/<slug:public_id>/copy/", sharing.copy, name="link_copy"),
]
