"""Addresses of the packing desks, below ``/m/<merchant>/``."""

from django.urls import path

from cartrover.packing.views import orders, picking, stock

urlpatterns = [
    path("packing/", picking.pick_list, name="packing"),
    path("packing/sheet/", picking.pick_sheet, name="packing_sheet"),
    path("packing/slips/", picking.packing_slips, name="packing_slips"),
    path("packing/orders/<slug:public_id>/", orders.order_page, name="packing_order"),
    path("packing/orders/<slug:public_id>/pack/", orders.pack, name="packing_pack"),
    path("packing/orders/<slug:public_id>/slip/", orders.slip, name="packing_slip"),
    path("packing/packages/<slug:public_id>/ship/", orders.ship, name="parcel_ship"),
    path("packing/packages/<slug:public_id>/take-back/", orders.take_back, name="parcel_take_back"),
    path("packing/packages/<slug:public_id>/slip/", orders.parcel_slip, name="parcel_slip"),
    path("packing/stock/", stock.stock_page, name="packing_stock"),
    path("packing/stock/<slug:public_id>/count/", stock.count, name="packing_count"),
    path("packing/stock/<slug:public_id>/make/", stock.make, name="packing_make"),
    path("packing/stock/<slug:public_id>/export/", stock.export, name="packing_export"),
    path("packing/stock/<slug:public_id>/import/", stock.send_in, name="packing_import"),
    path("packing/files/<slug:public_id>/", stock.file_page, name="packing_file"),
    path("packing/files/<slug:public_id>/apply/", stock.apply, name="packing_apply"),
]
