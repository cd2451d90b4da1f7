from django.urls import path

from cartrover.orders import views

urlpatterns = [
    path("orders/", views.order_list, name="orders"),
    path("orders/<str:ref>/", views.order_page, name="order"),
    path("orders/<str:ref>/calls/<int:call_id>/", views.call, name="order_call"),
]
