"""`python manage.py simulate_community`: made-up members teach the designer a taste."""

from __future__ import annotations

import secrets
import threading
import time
from argparse import ArgumentParser
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from project.simulation.community import Community, Plan
from project.simulation.members import SiteRefused
from project.simulation.tastes import TASTES
from project.simulation.watching import Watch

LOOK_S = 5.0


class Command(BaseCommand):
    """Members with wallets sign in and vote over HTTP, as clients do; progress is told."""

    help = "Have made-up members sign in, post a brief and vote with a common taste and some noise."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How many, of which taste, for how long."""
        parser.add_argument("--url", default=settings.ENV.site_url, help="the site (SITE_URL)")
        parser.add_argument("--members", type=int, default=24)
        parser.add_argument("--taste", choices=sorted(TASTES), default="warm")
        parser.add_argument("--noise", type=float, default=0.2, help="share of flipped votes")
        parser.add_argument("--minutes", type=float, default=20.0)
        parser.add_argument("--round-minutes", type=int, default=2)
        parser.add_argument("--candidates", type=int, default=40, help="per round")
        parser.add_argument("--seed", type=int, default=None, help="same seed, same members")
        parser.add_argument("--on", action="store_true", help="go on after the first promotion")

    def handle(self, **options: Any) -> None:
        """Run until the time is up or a version is promoted."""
        if not 0 <= options["noise"] < 0.5:
            raise CommandError("--noise lies between 0 and 0.5: beyond that it is another taste.")
        if not 1 <= options["members"] <= 500:
            raise CommandError("--members lies between 1 and 500.")
        seed = options["seed"] if options["seed"] is not None else secrets.randbelow(10**9)
        plan = Plan(
            site=options["url"].rstrip("/"),
            members=options["members"],
            taste=options["taste"],
            noise=options["noise"],
            minutes=options["minutes"],
            round_minutes=options["round_minutes"],
            candidates=options["candidates"],
            seed=seed,
            node=settings.ENV.rpc_url if settings.ENV.on_embedded_chain else "",
        )
        community = Community(plan, self.say)
        self.began = time.monotonic()
        self.say(f"{plan.members} members who like {plan.taste} pictures (seed {seed})")
        try:
            community.gather()
            self.say(f"brief posted: {plan.site}/briefs/{community.post_brief()}/")
        except (SiteRefused, requests.RequestException) as error:
            raise CommandError(
                f"{plan.site} took nobody in: {error}. Is Salon running? Start it with `make run`, "
                "or name another address with --url."
            ) from error
        self.watch(community, options["minutes"] * 60, go_on=options["on"])

    def watch(self, community: Community, seconds: float, *, go_on: bool) -> None:
        """Tell what happens while the members work."""
        over = threading.Event()
        until = time.monotonic() + seconds
        work = threading.Thread(target=community.work, args=(until, over), daemon=True)
        work.start()
        watch = Watch(community)
        try:
            while work.is_alive():
                work.join(LOOK_S)
                for line in watch.news():
                    self.say(line)
                if watch.promoted and not go_on:
                    self.say("a version was promoted: done")
                    break
        except KeyboardInterrupt:
            self.say("stopped")
        over.set()
        work.join(60)
        self.say(watch.summary())

    def say(self, text: str) -> None:
        """A line with the time that has passed."""
        passed = int(time.monotonic() - getattr(self, "began", time.monotonic()))
        self.stdout.write(f"{passed // 60:3}:{passed % 60:02}  {text}")
        self.stdout.flush()
