"""Included by the site's URLs where the demo wallet exists, and nowhere else."""

from django.urls import path

from chain.demo import views

urlpatterns = [path("demo-wallet/rpc", views.rpc, name="demo-wallet-rpc")]
