"""Every address of the portal."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from cartrover.connections.urls import callbacks
from cartrover.merchants.urls import outside
from cartrover.portal import (
    actions,
    bulk,
    exporting,
    jobs,
    limits,
    problems,
    proof,
    rehearsals,
    rules,
    shipping,
    stock,
    stock_rules,
    test_orders,
    views,
)

of_a_merchant: list[URLPattern | URLResolver] = [
    path("", views.dashboard, name="dashboard"),
    path("live/", views.live, name="live"),
    path("figures/", views.shown_figures, name="figures"),
    path("", include("cartrover.connections.urls")),
    path("", include("cartrover.merchants.urls")),
    path("orders/bulk/", bulk.bulk, name="bulk"),
    path("orders/bulk/start/", bulk.start_bulk, name="start_bulk"),
    path("orders/export/", exporting.export_orders, name="export_orders"),
    path("", include("cartrover.orders.urls")),
    path("orders/<str:ref>/do/<slug:action>/", actions.order_do, name="order_do"),
    path("problems/", problems.problems, name="problems"),
    path("problems/<int:problem_id>/", problems.problem, name="problem"),
    path("problems/<int:problem_id>/retry/", actions.retry_problem, name="retry_problem"),
    path("problems/<int:problem_id>/release/", actions.release_problem, name="release_problem"),
    path("problems/<int:problem_id>/map-method/", shipping.map_from_problem, name="map_from_problem"),
    path("shipping/", shipping.shipping, name="shipping"),
    path("shipping/<slug:public_id>/methods/", shipping.save_methods, name="save_methods"),
    path("shipping/<slug:public_id>/carriers/", shipping.save_carriers, name="save_carriers"),
    path("rules/", rules.rule_list, name="rules"),
    path("rules/add/", rules.add_rule, name="add_rule"),
    path("rules/preview/", rules.preview_rule, name="preview_rule"),
    path("rules/<int:pk>/switch/", rules.switch_rule, name="switch_rule"),
    path("rules/<int:pk>/delete/", rules.delete_rule, name="delete_rule"),
    path("carts/<slug:public_id>/earliest/", limits.save_earliest, name="save_earliest"),
    path("warehouses/<slug:public_id>/limits/", limits.save_limits, name="save_limits"),
    path("carts/<slug:public_id>/rehearsal/", rehearsals.rehearsal, name="rehearsal"),
    path("carts/<slug:public_id>/rehearsal/start/", rehearsals.rehearse, name="rehearse"),
    path("carts/<slug:public_id>/rehearsal/orders/", rehearsals.rehearsed_orders, name="rehearsed_orders"),
    path("carts/<slug:public_id>/test-order/", test_orders.test_order, name="test_order"),
    path("carts/<slug:public_id>/test-order/send/", test_orders.send_test_order, name="send_test_order"),
    path("carts/<slug:public_id>/proof/", proof.proof, name="proof"),
    path("carts/<slug:public_id>/proof/check/", proof.check_now, name="check_now"),
    path("stock/", stock.listings, name="stock"),
    path("stock/<int:listing_id>/", stock.listing, name="listing"),
    path("stock/<int:listing_id>/push/", stock.push_listing, name="push_listing"),
    path("carts/<slug:public_id>/stock/", stock_rules.stock_rules, name="stock_rules"),
    path("carts/<slug:public_id>/stock/push/", stock.push_cart, name="push_cart"),
    path("jobs/", jobs.job_list, name="jobs"),
    path("jobs/<slug:public_id>/", jobs.job_page, name="job"),
    path("jobs/<slug:public_id>/stop/", jobs.stop_job, name="stop_job"),
]

urlpatterns = [
    path("", views.home, name="home"),
    path("merchants/new/", views.new_merchant, name="new_merchant"),
    path("m/<slug:merchant_id>/", include(of_a_merchant)),
    path("oauth/", include(callbacks)),
    path("setup/", include("cartrover.connections.share_urls")),
    path("o/<str:ref>", views.order_by_ref, name="order_by_ref"),
    path("", include(outside)),
    path("accounts/mfa/", RedirectView.as_view(pattern_name="security")),
    path("accounts/mfa/", include("allauth.mfa.urls")),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("guides/", include("cartrover.guides.urls")),
    path("health/", views.health, name="health"),
    path("admin/", admin.site.urls),
]
