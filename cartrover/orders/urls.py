from django.urls import path

from cartrover.orders import listing, saved_views, views

urlpatterns = [
    path("orders/", listing.order_list, name="orders"),
    path("orders/views/", saved_views.save_view, name="save_view"),
    path("orders/views/<int:view_id>/delete/", saved_views.delete_view, name="delete_view"),
    path("orders/<str:ref>/", views.order_page, name="order"),
    path("orders/<str:ref>/payload/", views.order_payload, name="order_payload"),
    path("orders/<str:ref>/calls/<int:call_id>/", views.call, name="order_call"),
]
