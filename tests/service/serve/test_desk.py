"""The desk: people do their day's work in a browser."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from serve.cases import refusals
from serve.console.plan import Projection
from serve.console.vocabulary import WORDS
from serve.console.vocabulary_desk import DESK
from serve.console.vocabulary_office import OFFICE
from serve.console.vocabulary_reasons import REASONS
from serve.console.vocabulary_webhooks import WEBHOOKS
from serve.console.words import Language, actor, explained, remaining
from serve.errors import Problem
from serve.people.roles import Role, Scope
from serve.settings import Settings
from tests.service.serve.city import GRID, HandClock, act, do, report, square, watch
from tests.service.serve.conftest import Live, Start
from tests.service.serve.street import health
from vision.core.health import HealthEvent, HealthKind
from vision.core.observation import View, ViewState
from vision.core.violations import Slug
from vision.core.wire import health_message
from vision.pipeline.view_watch import ViewWatch

PASSWORD = "correct horse battery"  # noqa: S105 a test's own
EVENT = "/events/evt-1"
ROOT = Path(__file__).parents[3]
UNLISTED = {
    "type": "FeatureCollection",
    "features": [square("g-1", 114.295, 30.495, street="武珞路", dept_code="JD-07")],
}


@pytest.fixture
def clock() -> HandClock:
    """Return a clock at nine on a Monday."""
    return HandClock()


@pytest.fixture
def root(live: Live) -> Iterator[httpx.Client]:
    """Give an administrator's client."""
    with live.person("root", Role.ADMIN) as client:
        yield client


@contextmanager
def browser(live: Live, name: str, role: Role, *streets: str) -> Iterator[httpx.Client]:
    """Give a browser that a new person has logged in with."""
    live.services.users.create(name, PASSWORD, role, streets)
    with httpx.Client(
        base_url=live.url, follow_redirects=True, cookies={"lang": "en"}, timeout=20
    ) as client:
        login = {"name": name, "password": PASSWORD}
        assert client.post("/login", data=login).is_success
        yield client


def press(client: httpx.Client, action: str, event: str = EVENT, **fields: str) -> str:
    """Press a button of a case's own form; return the page that follows."""
    return press_on(client.get(event).text, client, action, event, **fields)


def press_on(
    seen: str, client: httpx.Client, action: str, event: str = EVENT, **fields: str
) -> str:
    """Press a button of a page that was seen before; return the page that follows."""
    page = seen.partition('class="act"')[2]
    form = {
        "csrf": re.findall(r'name="csrf" value="([^"]*)"', page)[0],
        "version": re.findall(r'name="version" value="(\d+)"', page)[0],
    }
    answer = client.post(f"{event}/case", data={**form, "action": action, **fields})
    refused = 'role="alert"' in answer.text
    assert answer.status_code in ({409, 412, 422} if refused else {200}), answer.text
    return answer.text


def preselected(page: str) -> str | None:
    """Return the department that a browser sends when nobody touches the list."""
    listed = re.search(r'<select name="department".*?</select>', page, re.DOTALL)
    if listed is None:
        return None
    options = re.findall(r'<option value="([^"]*)"( selected)?', listed[0])
    chosen = [value for value, selected in options if selected]
    return str((chosen or [options[0][0]])[0])


def test_a_case_goes_through_the_whole_day_by_buttons_alone(
    live: Live, engine: httpx.Client
) -> None:
    report(engine, slug=Slug.GARBAGE_PILE)
    with (
        browser(live, "li", Role.REVIEWER) as reviewer,
        browser(live, "wang", Role.DISPATCHER) as dispatcher,
    ):
        waiting = reviewer.get("/cases").text
        press(reviewer, "register")
        to_dispatch = dispatcher.get("/cases").text
        press(dispatcher, "dispatch", department="sanitation", way="enforcement")
        press(dispatcher, "accept")
        done = press(dispatcher, "feedback", note="two bags taken away")
        closed = press(reviewer, "close")

    assert "Case 1" in waiting
    assert "Decide by" not in waiting
    assert "Case 1" in to_dispatch
    assert "by law enforcement" in done
    assert "two bags taken away" in closed
    assert 'class="badge closed"' in closed


def test_rejecting_without_a_reason_is_refused_in_words(
    live: Live, engine: httpx.Client
) -> None:
    report(engine)
    with browser(live, "li", Role.REVIEWER) as reviewer:
        refused = press(reviewer, "reject")
        rejected = press(reviewer, "reject", note="licensed stall")

    assert "Please explain why." in refused
    assert 'class="badge rejected"' in rejected


def test_merging_and_extending_have_forms_of_their_own(
    live: Live, engine: httpx.Client
) -> None:
    report(engine)
    report(engine, event_id="evt-2")
    with browser(live, "boss", Role.SUPERVISOR) as boss:
        press(boss, "register")
        goes_on = press(boss, "merge", "/events/evt-2", into="1")
        merged = boss.get("/events/evt-2").text
        missing = press(boss, "extend", note="roadworks")
        extended = press(
            boss, "extend", note="roadworks", amount="2", unit="natural_day"
        )

    assert "Case 1 " in goes_on
    assert "took in case 2<" in goes_on
    assert "Goes on as case number 1<" in merged
    assert "Merged into this case" in goes_on
    assert 'href="/cases/1"' in merged
    assert "Please say by how much the deadline moves." in missing
    assert "New deadline:" in extended


def test_what_may_be_the_same_is_merged_by_one_press_the_later_into_the_earlier(
    live: Live, engine: httpx.Client
) -> None:
    for number, camera in enumerate(("patrol-7", "patrol-8", "patrol-9"), 1):
        report(engine, event_id=f"evt-{number}", camera=camera, accuracy_m=6.0)

    with browser(live, "li", Role.REVIEWER) as li, browser(live, "v", Role.VIEWER) as v:
        looks = v.get(EVENT).text
        found = [merging(li.get(EVENT).text)]
        press(li, "register")
        page = ""
        for event in ("/events/evt-2", EVENT):
            ((target, fields),) = merging(li.get(event).text)[:1]
            found.append(merging(li.get(event).text))
            page = li.post(target, data={**fields, "action": "merge"}).text

    assert "Perhaps the same" in looks
    assert merging(looks) == []
    assert [[(target, fields["into"]) for target, fields in one] for one in found] == [
        [("/events/evt-3/case", "1"), ("/events/evt-2/case", "1")],
        [("/events/evt-3/case", "2"), ("/events/evt-2/case", "1")],
        [("/events/evt-2/case", "1")],
    ]
    assert "Perhaps the same" not in page
    absorbed = page.partition("Merged into this case")[2].partition("</ul>")[0]
    assert re.findall(r'<a href="/cases/(\d)"', absorbed) == ["2", "3"]
    assert "patrol-9" in absorbed


def merging(page: str) -> list[tuple[str, dict[str, str]]]:
    """Return where each button sends that merges what may be the same, and what."""
    alike = page.partition('class="alike"')[2].partition("</section>")[0]
    return [
        (target, dict(re.findall(r'name="(\w+)" value="([^"]*)"', form)))
        for target, form in re.findall(
            r'<form method="post" action="([^"]*)">(.*?)</form>', alike, re.DOTALL
        )
    ]


def test_a_department_that_is_not_listed_is_replaced_by_a_person_and_not_the_browser(
    live: Live, engine: httpx.Client, root: httpx.Client
) -> None:
    root.put("/api/v1/grid", json=UNLISTED).raise_for_status()
    report(engine, slug=Slug.STREET_VENDING)
    with browser(live, "boss", Role.SUPERVISOR) as boss:
        shown = press(boss, "register")
        untouched = preselected(shown)
        assert untouched is not None
        refused = press(boss, "dispatch", department=untouched, note="at once")
        sent = press(boss, "dispatch", department="traffic")

    assert "JD-07" in shown
    assert '<select name="department" required>' in shown
    assert "Please choose a department that cases can go to." in refused
    assert 'class="badge registered"' in refused
    assert 'class="badge dispatched"' in sent
    assert "交警大队" in sent


def test_the_department_that_routing_found_is_preselected(
    live: Live, engine: httpx.Client
) -> None:
    report(engine, slug=Slug.GARBAGE_PILE)
    with browser(live, "boss", Role.SUPERVISOR) as boss:
        shown = press(boss, "register")

    assert preselected(shown) == "sanitation"
    assert "Choose a department" not in shown


def test_a_city_without_a_list_of_departments_types_them_in(
    start: Start, tmp_path: Path
) -> None:
    bare = start(Settings(home=tmp_path / "home", config_dir=tmp_path / "none"))
    with bare.client(Scope.INGEST) as engine:
        report(engine)
    with browser(bare, "boss", Role.SUPERVISOR) as boss:
        shown = press(boss, "register")
        refused = press(boss, "dispatch", department=" ", note="at once")
        sent = press(boss, "dispatch", department=" roads ")

    assert '<input name="department" maxlength="64" value="" required>' in shown
    assert "Please choose a department that cases can go to." in refused
    assert "<dd>roads</dd>" in sent


def test_each_refusal_says_what_is_missing(live: Live, engine: httpx.Client) -> None:
    report(engine)
    with browser(live, "boss", Role.SUPERVISOR) as boss:
        itself = press(boss, "merge", into="1", note="the same")
        press(boss, "register")
        far = press(boss, "extend", note="x", amount="1000", unit="work_day")

    assert "Please give the number of another case." in itself
    assert "The calendar does not reach so far" in far


def test_what_was_typed_is_kept_where_a_deadline_neared_in_between(
    live: Live, engine: httpx.Client, clock: HandClock
) -> None:
    report(engine)
    typed = 'two bags, "red" <tape>'
    with browser(live, "boss", Role.SUPERVISOR) as boss:
        press(boss, "register")
        seen = boss.get(EVENT).text
        clock.forward(hours=5)
        live.services.escalation.run()
        refused = press_on(
            seen, boss, "dispatch", department="traffic", way="enforcement", note=typed
        )
        again = press_on(refused, boss, "dispatch", department="traffic", note=typed)
        clock.forward(hours=5)
        live.services.escalation.run()
        late = press_on(
            seen, boss, "extend", note=typed, amount="2.5", unit="natural_day"
        )
        reloaded = boss.get(f"{EVENT}/case?lang=zh")

    kept = typed.replace('"', "&#34;").replace("<", "&lt;").replace(">", "&gt;")
    assert "or its deadline); nothing was done and what you typed is kept" in refused
    assert f">{kept}</textarea>" in refused
    assert preselected(refused) == "traffic"
    assert 'value="enforcement" selected' in refused
    assert 'id="live"' in seen
    assert 'id="live"' not in refused
    assert 'class="badge dispatched"' in again
    assert '<details class="more" open>' in late
    extend = late.partition('value="extend"')[2].partition("</form>")[0]
    assert f'value="{kept}"' in extend
    assert 'value="2.5"' in extend
    assert 'value="natural_day" selected' in extend
    assert reloaded.url.raw_path == f"{EVENT}?lang=zh".encode()


def test_a_case_without_a_deadline_is_not_extended_and_the_page_says_so(
    start: Start, tmp_path: Path
) -> None:
    bare = start(Settings(home=tmp_path / "home", config_dir=tmp_path / "none"))
    with bare.client(Scope.INGEST) as engine:
        report(engine)
    with browser(bare, "boss", Role.SUPERVISOR) as boss:
        press(boss, "register")
        refused = press(boss, "extend", note="x", amount="2", unit="work_hour")

    assert "The case has no deadline that could be extended." in refused


def test_every_refusal_has_words_of_its_own_in_both_languages() -> None:
    slugs = {
        one.slug
        for one in vars(refusals).values()
        if isinstance(one, type) and issubclass(one, Problem)
    }
    said = {slug: (WORDS | DESK)[slug] for slug in slugs}

    assert len(said) > 1
    for column in (0, 1):
        assert len({pair[column] for pair in said.values()}) == len(said)


def test_a_page_of_another_site_cannot_press_buttons(
    live: Live, engine: httpx.Client
) -> None:
    report(engine)
    form = {"action": "register", "version": "1", "csrf": "guess"}
    with browser(live, "li", Role.REVIEWER) as reviewer:
        forged = reviewer.post(f"{EVENT}/case", data=form)
        foreign = reviewer.post(
            f"{EVENT}/case", data=form, headers={"Origin": "https://evil.example"}
        )
        after = reviewer.get(EVENT).text

    assert forged.status_code == 403
    assert "register" not in foreign.request.url.path
    assert 'class="badge reported"' in after


def test_each_role_is_offered_only_what_it_may_do(
    live: Live, engine: httpx.Client
) -> None:
    report(engine)
    offered = {}
    for role in (Role.VIEWER, Role.REVIEWER, Role.DISPATCHER, Role.SUPERVISOR):
        with browser(live, role.value, role) as person:
            page = person.get(EVENT).text
            offered[role] = set(re.findall(r'name="action" value="(\w+)"', page))

    assert offered[Role.VIEWER] == {"note"}
    assert offered[Role.REVIEWER] == {"register", "reject", "take", "merge", "note"}
    assert offered[Role.DISPATCHER] == {"note"}
    assert "urge" in offered[Role.SUPERVISOR]


def test_people_of_one_district_see_only_its_cases_cameras_and_map(
    live: Live, engine: httpx.Client, root: httpx.Client
) -> None:
    root.put("/api/v1/grid", json=GRID).raise_for_status()
    report(engine, lon=114.3)
    report(engine, event_id="evt-2", lon=114.31, camera="far")
    with browser(live, "li", Role.REVIEWER, "民主路") as reviewer:
        pages = [reviewer.get(path).text for path in ("/cases", "/map", "/cameras")]
        hidden = reviewer.get(EVENT)

    for page in pages:
        assert "kerb-east" not in page.replace('data-zone="kerb-east"', "")
    assert "Case 2" in pages[0]
    assert "Case 1" not in pages[0]
    assert hidden.status_code == 404


def test_what_is_late_stands_in_the_overdue_pile_and_says_by_how_much(
    live: Live, engine: httpx.Client, clock: HandClock
) -> None:
    report(engine)
    with browser(live, "li", Role.REVIEWER) as reviewer:
        before = reviewer.get("/cases?pile=overdue").text
        clock.forward(hours=5)
        after = reviewer.get("/cases?pile=overdue").text

    assert "Nothing waits here." in before
    assert "Case 1" in after
    assert re.search(r"\d+ (h|min)[^<]* late", after)


def test_the_history_explains_pauses_and_deadlines(
    live: Live, engine: httpx.Client, clock: HandClock
) -> None:
    report(engine)
    with live.person("boss", Role.SUPERVISOR) as boss:
        do(boss, 1, "register")
        act(boss, 1, "suspend", note="roadworks").raise_for_status()
        clock.forward(hours=3)
        do(boss, 1, "resume")
    with browser(live, "li", Role.VIEWER) as viewer:
        page = viewer.get(EVENT).text

    assert "The clock stood for 3 h" in page
    assert "New deadline:" in page
    assert "roadworks" in page


def test_the_map_counts_what_is_open_at_each_camera(
    live: Live, engine: httpx.Client, root: httpx.Client
) -> None:
    root.put("/api/v1/grid", json=GRID).raise_for_status()
    report(engine)
    report(engine, event_id="evt-2")
    with browser(live, "li", Role.VIEWER) as viewer:
        page = viewer.get("/map").text
        empty = viewer.get("/map?slug=garbage_pile").text

    assert page.count('class="cell') == 2
    assert 'class="cell busy"' in page
    assert re.search(r'class="number"[^>]*>2</text>', page)
    assert 'class="number"' not in empty
    assert "http" not in re.sub(
        r'"https?://[^"]*openstreet', "!", page.split("<main")[1]
    )


@pytest.mark.parametrize(
    ("language", "moving", "hint", "same"),
    [
        ("en", "moving camera", "its next pass tells", "Perhaps the same"),
        ("zh", "移动摄像机", "下次巡查经过时判定", "可能重复的案件"),
    ],
)
def test_what_a_moving_camera_saw_is_shown_within_what_its_place_is_known_to(
    live: Live, engine: httpx.Client, language: str, moving: str, hint: str, same: str
) -> None:
    watch(engine, "patrol-7")
    report(engine, camera="patrol-7", accuracy_m=11.6)
    report(engine, event_id="evt-2", lat=30.5001)
    with live.person("boss", Role.SUPERVISOR) as boss:
        do(boss, 1, "register", "dispatch", "feedback")
    with browser(live, "li", Role.SUPERVISOR) as person:
        plan, seen, cameras = (
            person.get(path, params={"lang": language}).text
            for path in ("/map", EVENT, "/cameras")
        )

    assert "30.500000, 114.300000 (WGS-84) ±12 m" in seen
    assert hint in seen
    assert 'value="request_verification"' not in seen
    assert re.search(rf'{same}</h3>.*<a href="/cases/2"', seen, re.DOTALL)
    assert f"<small>{moving}</small>" in cameras
    (ring,) = re.findall(r'class="reach illegal_parking"[^>]*r="([\d.]+)"', plan)
    assert float(ring) == pytest.approx(11.6 * (640 - 120) / 400, rel=0.01)
    assert re.search(rf'href="{EVENT}"><circle class="spot seen', plan)
    assert len(re.findall(r'class="number"[^>]*>1</text>', plan)) == 1


@pytest.mark.parametrize(
    ("language", "word", "blind"),
    [("en", "no position", "cannot see"), ("zh", "无定位", "画面不可用")],
)
def test_a_car_without_a_position_is_not_said_to_have_a_bad_picture(
    live: Live,
    engine: httpx.Client,
    clock: HandClock,
    language: str,
    word: str,
    blind: str,
) -> None:
    watch(engine, "patrol-7")
    told: list[HealthEvent] = []
    view = ViewWatch("patrol-7", told.append)
    view.note(ViewState(View.BLIND, "no_position"), clock.at, (640, 360))
    sent = health_message(told[0], message_id="h-1")
    engine.post("/api/v1/health-events", json=sent).raise_for_status()

    with browser(live, "li", Role.VIEWER) as viewer:
        pages = [
            viewer.get(path, params={"lang": language}).text
            for path in ("/cameras", "/")
        ]

    for page in pages:
        assert f">{word}</span>" in page
        assert f">{blind}</span>" not in page


def test_a_hot_spot_of_moving_cameras_leads_to_what_was_seen_there(
    live: Live, engine: httpx.Client, clock: HandClock
) -> None:
    for number, lat in enumerate((30.5, 30.50004, 30.51), 1):
        report(
            engine,
            event_id=f"evt-{number}",
            camera=f"patrol-{number}",
            lat=lat,
            accuracy_m=6.0,
            at=clock.at,
        )
    clock.forward(hours=1)
    with browser(live, "li", Role.VIEWER) as viewer:
        figures = viewer.get("/figures").text
        (link,) = re.findall(r'<th><a href="(/\?slug[^"]*)"', figures)
        there = viewer.get(link.replace("&amp;", "&")).text
        odd = viewer.get("/?place=here")

    assert link == "/?slug=illegal_parking&amp;place=30.500020,114.300000"
    assert set(re.findall(r'href="/events/(evt-\d)"', there)) == {"evt-1", "evt-2"}
    assert "30.500020, 114.300000 ✕" in there
    assert odd.status_code == 422


def test_the_map_is_drawn_to_scale_whatever_the_latitude() -> None:
    for lat in (0.0, 30.5, 60.0):
        project = Projection.around([(114.0, lat), (114.02, lat + 0.01)])
        metres, length = project.scale_bar()
        north = project((114.0, lat + metres / 111_320.0))[1] - project((114.0, lat))[1]

        assert -north == pytest.approx(length, abs=0.3)


def test_the_figures_and_cameras_say_what_they_know(
    live: Live, engine: httpx.Client, clock: HandClock
) -> None:
    report(engine)
    blind = health("h-1", HealthKind.VIEW_BLIND, clock.at, ok=False)
    engine.post("/api/v1/health-events", json=blind).raise_for_status()
    with live.person("boss", Role.SUPERVISOR) as boss:
        do(boss, 1, "register")
    clock.forward(hours=1)
    with browser(live, "li", Role.VIEWER) as viewer:
        figures = viewer.get("/figures").text
        odd = viewer.get("/figures?days=12345&by=slug")
        cameras = viewer.get("/cameras").text

    assert "100 %" in figures
    assert "1 / 1 · of reported cases" in figures
    assert odd.status_code == 200
    assert "Illegal parking" in odd.text
    assert "cannot see" in cameras


def test_who_only_looks_is_shown_what_waits_for_review(
    live: Live, engine: httpx.Client
) -> None:
    report(engine)
    with browser(live, "zhou", Role.VIEWER) as viewer:
        page = viewer.get("/cases").text

    assert EVENT in page


def test_the_first_pages_work_without_login_only_where_reads_are_open(
    live: Live, engine: httpx.Client
) -> None:
    report(engine)
    with live.client() as stranger:
        for path in ("/cases", "/cases/1", "/map", "/figures", "/cameras"):
            assert stranger.get(path).status_code == 401


def test_no_word_is_missing_in_a_language() -> None:
    for pair in (*(WORDS | DESK | OFFICE | WEBHOOKS).values(), *REASONS.values()):
        assert all(pair)


def test_no_word_is_said_twice() -> None:
    said = Counter(word for part in (WORDS, DESK, OFFICE, WEBHOOKS) for word in part)
    assert [word for word, times in said.items() if times > 1] == []


def test_every_scope_that_a_key_may_have_has_a_word() -> None:
    assert {f"scope_{scope}" for scope in Scope} <= set(OFFICE)


def test_every_fact_that_a_rule_states_is_said_in_both_languages() -> None:
    stated = {
        str(call.args[0].value)
        for file in (ROOT / "vision" / "rules").glob("*.py")
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in {"Fact", "at_least", "below", "required"}
        and isinstance(call.args[0], ast.Constant)
    }

    assert "observed_s" in stated
    unsaid = sorted(stated - (REASONS.keys() | WORDS.keys() | DESK.keys()))
    assert not unsaid, f"serve/console/vocabulary_reasons.py: say {', '.join(unsaid)}"


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (7260, "2 h 1 min left", "剩余 2 小时 1 分"),
        (-60, "1 min late", "超期 1 分"),
        (5 * 86_400, "5 days left", "剩余 5 天"),
    ],
)
def test_deadlines_are_told_as_what_is_left(
    seconds: float, english: str, chinese: str
) -> None:
    assert remaining(seconds, Language.EN) == english
    assert remaining(seconds, Language.ZH) == chinese


def test_actors_are_called_by_their_names() -> None:
    assert actor("user:li", Language.EN) == "li"
    assert actor("key:3f9a/desk", Language.EN) == "desk"
    assert actor("clock", Language.ZH) == "时限监督"


def test_what_the_service_noted_is_said_in_the_readers_language() -> None:
    said = explained(
        "close", "verification 1: cleared", {"verdict": "cleared"}, Language.ZH, str
    )

    assert said == ["现场已清理"]


def test_addresses_that_lead_nowhere_are_refused_and_never_a_fault(
    live: Live, engine: httpx.Client
) -> None:
    report(engine)
    paths = (
        f"/cases/{10**30}",
        "/cases/0",
        "/cases?pile=x",
        "/cases?department=%00",
        "/cases?pile=over&cursor=%F0%28",
        "/?camera=%00",
        "/events/%00",
        "/figures?by=nothing",
        "/figures?days=1e9",
        "/map?slug=nothing",
        f"/events/{'x' * 400}",
    )
    with browser(live, "li", Role.VIEWER) as viewer:
        answers = [viewer.get(path).status_code for path in paths]

    assert all(400 <= status < 500 for status in answers), answers
