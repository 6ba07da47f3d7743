from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from chain.indexer import store
from chain.indexer.models import Progress


class Command(BaseCommand):
    help = "Make stakes, balances and rounds anew from the stored logs. Readers see the old ones."

    def handle(self, *args: Any, **options: Any) -> None:
        if not Progress.objects.filter(pk=settings.CHAIN_ID).exists():
            self.stdout.write("Nothing was read from the chain yet.")
            return
        count = store.rebuild(settings.CHAIN_ID)
        self.stdout.write(f"Made anew from {count} logs.")
