"""The next pair for one member, from what they were served so far."""

from __future__ import annotations

from functools import cached_property
from random import Random

from django.utils.crypto import salted_hmac

from curation.accounts.models import Member
from curation.galleries.models import Round
from curation.pairs import rules, selectors
from curation.pairs.models import ServedPair
from curation.pairs.pools import Pool, pool_of
from curation.pairs.rules import Pair, Seen
from curation.pairs.selectors import Known
from curation.reputations.selectors import tests_to_go

Kind, How = ServedPair.Kind, ServedPair.How


class Chooser:
    """Chooses pairs for a member one after the other; nothing is written.

    `served` are the member's pairs of the round with whether they are `judged`, the first first.
    """

    def __init__(
        self, *, member: Member, round_: Round, served: list[ServedPair], rng: Random
    ) -> None:
        self.member, self.round, self.rng = member, round_, rng
        self.served = list(served)
        self.taken = {(pair.low, pair.high) for pair in served}
        self.taken |= selectors.unserved_ballots_of(member, round_)
        self.prompts = selectors.prompts_of(round_)
        self.staked = selectors.staked_by(member, round_)
        waiting = [pair for pair in served if not pair.judged]  # type: ignore[attr-defined]
        self.tests_to_go = tests_to_go(member) - [pair.kind for pair in waiting].count(Kind.GOLD)
        self.key = salted_hmac("curation.pairs.gold", f"{round_.pk}:{member.pk}").hexdigest()

    def next(self) -> ServedPair | None:
        """The next pair, unsaved; None when the round has none left for this member."""
        seen = selectors.seen_of(self.served, self.prompts)
        row = self._gold(seen) or self._trial() or self._repeat() or self._preference(seen)
        if row is not None:
            self.served.append(row)
            self.taken.add((row.low, row.high))
        return row

    def _gold(self, seen: Seen) -> ServedPair | None:
        if not rules.gold_is_due(seen, newcomer=self.tests_to_go > 0, key=self.key):
            return None
        decided = self.tests_to_go <= 0 and rules.wants_decided(self.rng)
        if not (known := self._known(decided=decided)):
            return None
        gold = self.rng.choice(known)
        self.tests_to_go -= 1
        return self._row(gold.pair, Kind.GOLD, How.TEST, expected=gold.better)

    def _known(self, *, decided: bool) -> list[Known]:
        """Gold pairs to draw from: twins, or what earlier rounds decided where there is such."""
        found: list[Known] = []
        if decided and (tallies := selectors.latest_tallies(self.round)):
            found = selectors.decided_pairs(self.member, self.rng.choice(tallies))
        found = found or selectors.twins(self.member, self.round)
        return [known for known in found if known.pair not in self.taken]

    def _trial(self) -> ServedPair | None:
        left = [pair for pair in self.trials if pair not in self.taken]
        if not left or not rules.wants_trial(self.rng):
            return None
        return self._row(self.rng.choice(left), Kind.TRIAL, How.RANDOM)

    def _repeat(self) -> ServedPair | None:
        if not rules.wants_repeat(self.rng):
            return None
        before = selectors.answered_before(self.member, self.round)
        known = [pair for pair in before if pair not in self.taken]
        return self._row(self.rng.choice(known), Kind.REPEAT, How.TEST) if known else None

    def _preference(self, seen: Seen) -> ServedPair | None:
        same_prompt = rules.wants_same_prompt(seen, self.rng)
        blind = rules.wants_random(seen, self.rng)
        # Where there is no such pair, any that is left serves better than none.
        for free in (True, False):  # of the member's own stakes
            for alike in (True, False) if same_prompt else (False,):
                if not blind and (row := self._chosen(alike=alike, free=free)):
                    return row
                if row := self._drawn(alike=alike, free=free):
                    return row
        return None

    def _chosen(self, *, alike: bool, free: bool) -> ServedPair | None:
        pool = self.pool.same_prompt if alike else self.pool.others
        known = [pair for pair in pool if self._serves(pair, free=free)]
        return self._row(self.rng.choice(known), Kind.PREFERENCE, How.CHOSEN) if known else None

    def _drawn(self, *, alike: bool, free: bool) -> ServedPair | None:
        prompts = {d: p for d, p in self.prompts.items() if not (free and d in self.staked)}
        groups = selectors.by_prompt(prompts) if alike else [list(prompts)]
        pair = rules.random_pair(groups, unlike=self.taken, rng=self.rng)
        return self._row(pair, Kind.PREFERENCE, How.RANDOM) if pair else None

    @cached_property
    def trials(self) -> list[Pair]:
        """Twins of a blind test in this round."""
        return selectors.trials_of(self.round)

    @cached_property
    def pool(self) -> Pool:
        """Asked for once, and only if something is chosen from it."""
        return pool_of(self.round.pk)

    def _serves(self, pair: Pair, *, free: bool) -> bool:
        """Whether a pair of the pool is on show, new to the member and free of their stakes."""
        on_show = pair[0] in self.prompts and pair[1] in self.prompts
        return on_show and pair not in self.taken and not (free and self.staked & set(pair))

    def _row(
        self, pair: Pair, kind: ServedPair.Kind, how: ServedPair.How, *, expected: str = ""
    ) -> ServedPair:
        low, high = pair
        return ServedPair(
            round=self.round,
            member=self.member,
            low=low,
            high=high,
            low_left=self.rng.random() < 0.5,
            kind=kind,
            how=how,
            expected=expected,
        )
