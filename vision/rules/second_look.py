"""Looks at places again when somebody asks whether they were put right.

`SecondLooks` serves one camera: `ask`, show it every observation, hand on what it
answers. Not being able to see a place proves nothing, and it says so.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from vision.core.observation import Observation
from vision.core.verification import LookAnswer, LookRequest, Outcome, Reported
from vision.core.violations import Fact
from vision.rules.cases import Case
from vision.rules.facts import at_least
from vision.rules.glance import Glance, GlanceParams, Sight, Target, glance, looks_of
from vision.rules.kinds import KIND_NAMED
from vision.rules.place_rule import PlaceRule


@dataclass(frozen=True, slots=True)
class LookParams:
    """What a second look needs.

    Attributes:
        glance: when a place counts as visible.
        min_views: views of it, all saying the same, that decide.
        apart_s: shortest time between two that count, seconds: three pictures within a
            moment are one view.
        give_up_s: time after which it cannot be verified, seconds of media time, or
            of wall time if no more pictures come.
        most_waiting: most questions at a time; the oldest is given up.
    """

    glance: GlanceParams = field(default_factory=GlanceParams)
    min_views: int = 3
    apart_s: float = 5.0
    give_up_s: float = 120.0
    most_waiting: int = 64


@dataclass(slots=True)
class _Look:
    """One question and what has been seen since.

    Attributes:
        request: the question.
        target: what to look for; None: nobody knows where.
        since_s: media time of the first picture, seconds, or None before it.
        sight: what the latest views that count said.
        views: how many of them in a row.
        counted_s: media time of the latest one, seconds.
        why: what the views that count, or those that were hidden, went by.
        seen: how many pictures said what.
        silent: how many pictures there were when it was last asked whether more came,
            and since when (wall time) there have been no more; None: never asked.
    """

    request: LookRequest
    target: Target | None
    since_s: float | None = None
    sight: Sight = Sight.HIDDEN
    views: int = 0
    counted_s: float = 0.0
    why: Counter[str] = field(default_factory=Counter)
    seen: Counter[Sight] = field(default_factory=Counter)
    silent: tuple[int, datetime] | None = None

    def take(self, said: Glance, now_s: float, apart_s: float) -> None:
        """Count one picture's word."""
        self.seen[said.sight] += 1
        if said.sight is Sight.HIDDEN:
            self.why[said.why] += 1
            return
        if said.sight is not self.sight or now_s < self.counted_s:
            self.sight, self.views = said.sight, 0
        elif now_s - self.counted_s < apart_s:
            return
        self.views += 1
        self.counted_s = now_s
        self.why[said.why] += 1

    def silent_for(self, now: datetime) -> timedelta:
        """Return for how long no picture has come; ask now and then.

        Args:
            now: wall time, aware.
        """
        pictures = self.seen.total()
        if self.silent is None:
            self.silent = pictures, now if pictures else self.request.asked_at
        if self.silent[0] != pictures:
            self.silent = pictures, now
        return now - self.silent[1]


class SecondLooks:
    """All open questions at one camera."""

    def __init__(
        self,
        rules: Sequence[PlaceRule],
        params: LookParams | None = None,
        reported: Callable[[str], Reported | None] | None = None,
        drawn_since: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        """Start without questions.

        Args:
            rules: the camera's; they know their events and places.
            params: what a look needs.
            reported: returns the picture that decided an event, by its id; for events
                that the rules have forgotten, or will. None: there are none.
            drawn_since: returns when the zones were drawn anew in another view, aware:
                what was decided before lies elsewhere. None: nobody knows that they
                were.
        """
        self._reported = reported
        self._drawn_since = drawn_since
        self._rules = {rule.slug: rule for rule in rules}
        self._params = params or LookParams()
        self._looks: dict[str, _Look] = {}

    def __len__(self) -> int:
        """Return how many questions wait for an answer."""
        return len(self._looks)

    def ask(self, request: LookRequest) -> None:
        """Take a question; the same `request_id` again changes nothing."""
        if request.request_id not in self._looks:
            look = _Look(request, self._target(request))
            self._looks[request.request_id] = look

    def observe(self, observation: Observation) -> list[LookAnswer]:
        """Look at all places in question; return what this picture decides."""
        frame = observation.frame
        answers = []
        for look in self._looks.values():
            outcome = self._decide(look, observation)
            if outcome is not None:
                facts = self._facts(look, frame.media_time_s)
                answers.append(
                    LookAnswer(
                        look.request,
                        outcome,
                        facts,
                        frame.media_time_s,
                        frame.captured_at,
                    )
                )
        return self._done(answers)

    def expire(self, now: datetime) -> list[LookAnswer]:
        """Give up questions to which no picture comes any more, or that are too many.

        Args:
            now: wall time, aware.
        """
        limit = timedelta(seconds=self._params.give_up_s)
        waiting = list(self._looks.values())
        excess = max(0, len(waiting) - self._params.most_waiting)
        over = waiting[:excess]
        over += [look for look in waiting[excess:] if look.silent_for(now) >= limit]
        return self._done(
            [
                LookAnswer(
                    look.request,
                    Outcome.CANNOT_VERIFY,
                    (Fact("pictures", look.seen.total(), "1"),),
                    None,
                    now,
                )
                for look in over
            ]
        )

    def _decide(self, look: _Look, observation: Observation) -> Outcome | None:
        p = self._params
        now_s = observation.frame.media_time_s
        if look.since_s is None or now_s < look.since_s:
            look.since_s = now_s  # the first picture, or a clock that started anew
        if not self._in_this_view(look.target):
            look.target = None
        if look.target is None:
            return Outcome.CANNOT_VERIFY
        if not look.target.ended and self._case(look.request)[1]:
            look.target = replace(look.target, ended=True)  # seen to go since the ask
        look.take(glance(look.target, observation, p.glance), now_s, p.apart_s)
        if look.views >= p.min_views:
            return _OUTCOME[look.sight]
        return Outcome.CANNOT_VERIFY if now_s - look.since_s >= p.give_up_s else None

    def _facts(self, look: _Look, now_s: float) -> tuple[Fact, ...]:
        p = self._params
        since_s = now_s if look.since_s is None else look.since_s
        facts = [
            at_least(f"{look.sight.value}_views", look.views, p.min_views),
            Fact("views_apart_s", p.apart_s, "s"),
            Fact("watched_s", round(now_s - since_s, 1), "s"),
            Fact("hidden_pictures", look.seen[Sight.HIDDEN], "1"),
        ]
        if look.target is None:
            return (Fact("place", "unknown"), *facts[2:])
        if look.sight is Sight.HIDDEN:
            facts = facts[2:]
        told = ",".join(word for word, _ in look.why.most_common(3))
        return (*facts, Fact("seen", told or "nothing"))

    def _target(self, request: LookRequest) -> Target | None:
        """Return where to look and what for, by the rule's memory or the question."""
        rule = self._rules.get(request.slug)
        if rule is None:
            return None
        case, ended = self._case(request)
        xyxy = request.xyxy if case is None else case.footprint
        if xyxy is None:
            return None
        known = None
        if not ended and self._reported is not None:
            known = self._reported(request.event_id)
        at = None if known is None else known.decided_at
        return Target(
            place_id=request.place_id,
            kind=KIND_NAMED[rule.kind],
            offending=rule.offending,
            xyxy=xyxy,
            preset=request.preset if case is None else case.preset,
            ended=ended,
            looks=() if known is None else looks_of(known.image, known.xyxy or xyxy),
            decided_at=at if case is None else case.stepped_at,
        )

    def _in_this_view(self, target: Target | None) -> bool:
        """Return whether the event was decided since the zones lie as they do."""
        since = self._drawn_since()
        if target is None or since is None:
            return True
        return target.decided_at is not None and target.decided_at >= since

    def _case(self, request: LookRequest) -> tuple[Case | None, bool]:
        """Return the event if the rule knows it, and whether it was seen to go."""
        rule = self._rules.get(request.slug)
        return (None, False) if rule is None else rule.recall(request.event_id)

    def _done(self, answers: list[LookAnswer]) -> list[LookAnswer]:
        for answer in answers:
            del self._looks[answer.request.request_id]
        return answers


_OUTCOME = {Sight.THERE: Outcome.STILL_THERE, Sight.CLEAR: Outcome.CLEARED}
