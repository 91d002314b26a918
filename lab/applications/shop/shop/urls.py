"""What the shop answers."""

from django.urls import path

from shop import views

urlpatterns = [
    path("", views.front),
    path("status/", views.status),
    path("api/products", views.products),
    path("api/users", views.users),
    path("pictures/<str:name>", views.picture),
]
