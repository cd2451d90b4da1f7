from django.urls import path

from cartrover.events import views

urlpatterns = [path("problems/", views.problems, name="problems")]
