"""The office: people, keys, webhooks and the audit log in a browser."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from serve.people.roles import Role, Scope
from serve.settings import Settings
from tests.service.serve.city import GRID, HandClock, report
from tests.service.serve.conftest import CONFIGS, Live, Start
from tests.service.serve.receiver import receiving
from tests.service.serve.test_desk import PASSWORD, UNLISTED, browser

PAGES = {
    "/office/rules": set(Role),
    "/office/me": set(Role),
    "/office/people": {Role.ADMIN},
    "/office/keys": {Role.ADMIN},
    "/office/webhooks": {Role.ADMIN},
    "/office/audit": {Role.ADMIN, Role.AUDITOR},
}


@pytest.fixture
def live(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Live:
    """Start a service that may call this machine."""
    home = tmp_path_factory.mktemp("office")
    return start(Settings(home=home, config_dir=CONFIGS, allow_private_webhooks=True))


@pytest.fixture
def root(live: Live) -> Iterator[httpx.Client]:
    """Give an administrator's browser."""
    with browser(live, "root", Role.ADMIN) as client:
        yield client


def send(client: httpx.Client, page: str, **fields: str | list[str]) -> httpx.Response:
    """Send a form of an office page, as a browser does."""
    shown = client.get(page).text
    token = re.findall(r'name="csrf" value="([^"]*)"', shown)[0]
    return client.post(page, data={"csrf": token, **fields})


def secret_of(page: str) -> str:
    return str(re.findall(r'<code class="secret">([^<]+)</code>', page)[0])


@pytest.mark.parametrize("role", list(Role))
def test_each_role_gets_its_rooms_and_no_other(live: Live, role: Role) -> None:
    with browser(live, "somebody", role) as client:
        front = client.get("/office").text
        open_to = {path for path in PAGES if client.get(path).status_code == 200}

    expected = {path for path, roles in PAGES.items() if role in roles}
    assert open_to == expected
    assert set(re.findall(r'class="chip[^"]*" href="(/office/\w+)"', front)) == expected


def test_strangers_are_asked_to_log_in(live: Live) -> None:
    with live.client() as stranger:
        answers = [stranger.get(path) for path in (*PAGES, "/office")]

    assert {answer.status_code for answer in answers} == {401}
    assert all('name="password"' in answer.text for answer in answers)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_word_of_the_office_is_said(
    live: Live, root: httpx.Client, language: str
) -> None:
    with live.person("maker", Role.ADMIN) as api:
        api.put("/api/v1/grid", json=GRID).raise_for_status()
        api.post(
            "/api/v1/subscriptions",
            json={"url": "http://127.0.0.1:9/x", "types": ["case."], "after": 0},
        ).raise_for_status()
    root.cookies.set("lang", language)
    pages = [root.get(path).text for path in (*PAGES, "/office/webhooks/1")]

    # A word that the vocabulary lacks is shown as it is, without its underscores.
    for page in pages:
        assert not re.findall(
            r">(?:role|may|scope|stage|kind|deed|tells|bad|delivery) \w+", page
        )
    if language == "zh":
        assert "上报" in pages[3]
        assert "清明节" in pages[0]


def test_a_person_is_added_promoted_and_ended_by_forms(
    live: Live, root: httpx.Client
) -> None:
    page = "/office/people"
    with live.person("maker", Role.ADMIN) as api:
        api.put("/api/v1/grid", json=GRID).raise_for_status()
    send(
        root, page, do="add", name="li", password=PASSWORD, role="viewer",
        districts=["武珞路"],
    )  # fmt: skip
    with httpx.Client(base_url=live.url, follow_redirects=True) as li:
        li.post("/login", data={"name": "li", "password": PASSWORD})
        before = li.get("/api/v1/me").json()
        send(root, page, do="assign", name="li", role="supervisor")
        after = li.get("/api/v1/me").json()
        send(root, page, do="end", name="li")
        ended = li.get("/api/v1/me").status_code

    assert (before["scopes"], before["districts"]) == (["read"], ["武珞路"])
    assert "supervise" in after["scopes"]
    assert after["districts"] == []
    assert ended == 401


def test_streets_that_no_grid_names_are_shown_and_kept(
    live: Live, root: httpx.Client
) -> None:
    live.services.users.create("li", PASSWORD, Role.VIEWER, ["民主路"])

    shown = root.get("/office/people").text

    assert '<select name="districts" multiple size="1"><option selected>民主路' in shown


def test_mistakes_are_told_in_the_readers_language(
    live: Live, root: httpx.Client
) -> None:
    root.cookies.set("lang", "zh")
    page = "/office/people"
    few = PASSWORD[:5]
    short = send(root, page, do="add", name="li", password=few, role="viewer")
    odd = send(root, page, do="add", name="<b>", password=PASSWORD, role="viewer")
    taken = send(root, page, do="add", name="root", password=PASSWORD, role="viewer")

    assert (short.status_code, odd.status_code, taken.status_code) == (422, 422, 409)
    assert "密码至少 10 个字符" in short.text
    assert "名称不可用" in odd.text
    assert "无法执行该操作" in taken.text
    assert len(live.services.users.all()) == 1


def test_the_last_administrator_stays(root: httpx.Client) -> None:
    ended = send(root, "/office/people", do="end", name="root")
    demoted = send(root, "/office/people", do="assign", name="root", role="viewer")

    assert (ended.status_code, demoted.status_code) == (409, 409)
    assert "last administrator" in ended.text
    assert root.get("/office/people").status_code == 200


def test_a_key_is_shown_once_works_and_is_revoked(
    live: Live, root: httpx.Client
) -> None:
    page = "/office/keys"
    made = send(
        root, page, do="make", name="orders", scopes=["read", "handle"], days="30"
    )
    key = secret_of(made.text)
    again = root.get(page).text
    with httpx.Client(
        base_url=live.url, headers={"Authorization": f"Bearer {key}"}
    ) as machine:
        works = machine.get("/api/v1/cases").status_code
        (record,) = live.services.keys.all()
        send(root, page, do="revoke", key_id=record.key_id)
        revoked = machine.get("/api/v1/cases").status_code

    assert made.headers["cache-control"] == "no-store"
    assert key not in again
    assert (works, revoked) == (200, 401)
    assert record.expires_at is not None


def test_a_key_without_days_lasts_until_it_is_revoked(
    live: Live, root: httpx.Client
) -> None:
    made = send(root, "/office/keys", do="make", name="map", scopes=["read"], days="")

    assert made.status_code == 200, made.text
    (record,) = live.services.keys.all()
    assert record.expires_at is None


def test_rights_that_no_machine_may_have_are_refused(
    live: Live, root: httpx.Client
) -> None:
    refused = send(root, "/office/keys", do="make", name="x", scopes=["admin"])

    assert refused.status_code == 403
    assert live.services.keys.all() == []


def test_an_address_is_subscribed_switched_and_its_dead_letters_sent_again(
    live: Live, engine: httpx.Client, root: httpx.Client
) -> None:
    made = send(
        root, "/office/webhooks", url="http://127.0.0.1:9/hook",
        types=["violation."], slugs=["illegal_parking"],
    )  # fmt: skip
    refused = send(root, "/office/webhooks", url="ftp://example.org/")
    report(engine)
    live.services.queue.fan_out()
    one = "/office/webhooks/1"
    shown = root.get(one).text
    off = send(root, "/office/webhooks", url="x")  # fetches the page for its token
    token = re.findall(r'name="csrf" value="([^"]*)"', off.text)[0]
    off = root.post(one, data={"csrf": token, "do": "off"})
    rotated = root.post(one, data={"csrf": token, "do": "rotate"})
    replayed = root.post(one, data={"csrf": token, "do": "replay"})
    gone = root.post(one, data={"csrf": token, "do": "remove"})

    assert secret_of(made.text).startswith("whsec_")
    assert refused.status_code == 422
    assert "evt-1" in shown
    assert "Switched off" in off.text
    assert secret_of(rotated.text) != secret_of(made.text)
    assert replayed.status_code == 200
    assert "127.0.0.1:9" not in gone.text


def test_the_form_of_a_subscription_is_filled_in_and_changes_what_differs(
    live: Live, root: httpx.Client
) -> None:
    one, old = "/office/webhooks/1", "http://127.0.0.1:9/hook?a=<b>"
    wish: dict[str, str | list[str]] = {
        "url": old,
        "types": ["case.", "violation.cleared.v1"],
        "slugs": ["illegal_parking"],
        "departments": ["JD-01", "gone"],
    }
    with live.person("maker", Role.ADMIN) as api:
        api.post("/api/v1/subscriptions", json=wish).raise_for_status()
        shown = root.get(one).text
        send(root, one, do="change", **wish)
        untouched = subscriptions(api)
        send(root, one, do="change", url="http://127.0.0.1:9/new", types=["case."])
        after = subscriptions(api)
        audited = api.get("/api/v1/audit?action=subscription.changed").json()["items"]

    assert 'value="http://127.0.0.1:9/hook?a=&lt;b&gt;"' in shown
    ticked = re.findall(r'name="(\w+)" value="([^"]*)" checked', shown)
    assert sorted(ticked) == sorted(
        (name, value)
        for name, values in wish.items()
        if name != "url"
        for value in values
    )
    assert {**untouched, **wish} == untouched
    assert (after["url"], after["types"]) == ("http://127.0.0.1:9/new", ["case."])
    assert (after["slugs"], after["departments"]) == ([], [])
    assert [line["subject"] for line in audited] == [
        "1 127.0.0.1 departments, slugs, types, url"
    ]


def subscriptions(api: httpx.Client) -> dict[str, object]:
    (one,) = api.get("/api/v1/subscriptions").json()
    assert isinstance(one, dict)
    return one


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"url": "ftp://example.org/"}, "请检查填写的内容"),
        ({"url": ""}, "地址不可用"),
        ({"url": "http://127.0.0.1:9/", "types": "case.dispached"}, "请从列表中选择"),
        ({"url": "http://127.0.0.1:9/", "slugs": "littering"}, "请从列表中选择"),
    ],
)
def test_a_change_that_is_refused_keeps_what_was_filled_in(
    live: Live, root: httpx.Client, fields: dict[str, str], said: str
) -> None:
    old = "http://127.0.0.1:9/hook"
    send(root, "/office/webhooks", url=old)
    root.cookies.set("lang", "zh")
    refused = send(root, "/office/webhooks/1", do="change", **fields)

    assert refused.status_code == 422
    assert said in refused.text
    assert '<details class="panel maker" open>' in refused.text
    assert f'name="url" required maxlength="1024" value="{fields["url"]}"' in (
        refused.text
    )
    assert live.services.subscriptions.get(1).url == old


@pytest.mark.parametrize(
    ("status", "english", "chinese"),
    [
        (200, "Delivered: it answered 200", "已送达,接收方返回 200"),
        (301, "Redirects are not followed", "不跟随重定向"),
        (401, "is the secret there the one made here", "核对其签名密钥"),
        (404, "takes no POST at this path", "请检查地址中的路径"),
        (410, "It wants nothing more", "不再接收"),
        (422, "Expected is 2xx", "期望返回 2xx"),
        (429, "called less often", "降低频率"),
        (499, "not taken: it answered 499", "未接收,对方返回 499"),
        (503, "failed at the receiver", "内部出错"),
    ],
)
def test_what_a_test_message_came_to_is_said_in_words(
    root: httpx.Client, status: int, english: str, chinese: str
) -> None:
    with receiving() as desk:
        desk.judge = lambda _: status
        send(root, "/office/webhooks", url=desk.url)
        said = [pinged(root, language) for language in ("en", "zh")]

    assert english in said[0]
    assert chinese in said[1]
    assert re.search(r"\d m?s</b>", said[0])
    assert re.search(r"\d 毫?秒</b>", said[1])
    assert all(desk.requests[-1].headers["webhook-id"] in one for one in said[1:])


@pytest.mark.parametrize(
    ("url", "english", "chinese"),
    [
        ("http://127.0.0.1:9/", "Cannot connect", "无法连接"),
        ("http://nowhere.invalid/", "name is not known", "无法解析主机名"),
        ("https", "No secure connection", "无法建立安全连接"),
    ],
)
def test_what_kept_a_test_message_from_arriving_is_said_in_words(
    root: httpx.Client, url: str, english: str, chinese: str
) -> None:
    with receiving() as desk:
        plain = desk.url.replace("http", "https") if url == "https" else url
        send(root, "/office/webhooks", url=plain)
        said = [pinged(root, language) for language in ("en", "zh")]

    assert english in said[0]
    assert chinese in said[1]


def pinged(root: httpx.Client, language: str) -> str:
    """Send a test message; return what is said of it."""
    root.cookies.set("lang", language)
    answer = send(root, "/office/webhooks/1", do="ping")
    assert answer.status_code == 200
    (said,) = re.findall(r'<div class="said .*?</div>', answer.text, re.DOTALL)
    return str(said)


def test_what_is_not_a_webhook_has_neither_an_address_to_change_nor_a_test(
    start: Start, tmp_path: Path
) -> None:
    city = start(Settings(home=tmp_path / "home", mqtt_url="mqtt://127.0.0.1:1/city"))
    with browser(city, "boss", Role.ADMIN) as boss:
        shown = boss.get("/office/webhooks/1").text
        changed = send(boss, "/office/webhooks/1", do="change", types=["case."])
        refused = send(boss, "/office/webhooks/1", do="ping")

    assert 'name="url"' not in shown
    assert 'value="ping"' not in shown
    assert changed.status_code == 200
    one = city.services.subscriptions.get(1)
    assert (one.url, one.types) == ("mqtt://127.0.0.1:1/city", "case.")
    assert refused.status_code == 409


@pytest.mark.parametrize("do", ["change", "ping"])
def test_what_is_gone_meanwhile_is_said_on_the_list(
    root: httpx.Client, do: str
) -> None:
    shown = root.get("/office/webhooks").text
    token = re.findall(r'name="csrf" value="([^"]*)"', shown)[0]
    gone = root.post("/office/webhooks/9", data={"csrf": token, "do": do})

    assert gone.status_code == 404
    assert "There is nothing of that name." in gone.text


def test_the_audit_log_is_searched_by_who_what_and_on_what(
    live: Live, root: httpx.Client
) -> None:
    send(root, "/office/keys", do="make", name="orders", scopes=["read"])
    with live.person("eve", Role.ADMIN) as eve:
        eve.post("/api/v1/keys", json={"name": "hers", "scopes": ["read"]})
    page = "/office/audit"
    by_eve = root.get(page, params={"actor": "eve"}).text
    logins = root.get(page, params={"kind": "session."}).text
    about = root.get(page, params={"subject": "orders"}).text
    odd = root.get(page, params={"subject": "%_' OR 1=1 --"}).text

    assert "hers for read" in by_eve
    assert "orders for read" not in by_eve
    assert "logged in" in logins
    assert "key made" not in logins.partition("<tbody>")[2]
    assert "orders for read" in about
    assert "No line fits." in odd


def test_a_grid_is_imported_from_a_file_or_refused_in_words(
    live: Live, root: httpx.Client
) -> None:
    shown = root.get("/office/rules").text
    token = re.findall(r'name="csrf" value="([^"]*)"', shown)[0]
    import_at, form = "/office/rules/grid", {"csrf": token}
    good = httpx.Response(200, json=GRID).content
    bad = root.post(import_at, data=form, files={"file": ("g.json", b"{}")})
    done = root.post(import_at, data=form, files={"file": ("g.json", good)})

    assert bad.status_code == 422
    assert "no grid that can be used" in bad.text
    assert "民主路" in done.text
    assert (
        live.services.grid.streets() == ["武珞路", "民主路"]
        or len(live.services.grid.streets()) == 2
    )


@pytest.mark.parametrize(
    ("month", "language", "warned"),
    [
        (6, "en", None),
        (11, "en", "the calendar does not know 2027"),
        (11, "zh", "请在 deadlines.yaml 的 calendar 中加入该年文件: 2027"),
    ],
)
def test_the_rules_page_shows_years_and_warns_before_one_is_unknown(
    start: Start, tmp_path: Path, month: int, language: str, warned: str | None
) -> None:
    clock = HandClock(datetime(2026, month, 23, 1, 0, tzinfo=UTC))
    city = start(Settings(home=tmp_path / "home", config_dir=CONFIGS), clock)
    with browser(city, "li", Role.VIEWER) as viewer:
        page = viewer.get(f"/office/rules?lang={language}").text

    assert "国庆节 2026-10-01–2026-10-07" in page
    assert 'role="alert"' not in page if warned is None else warned in page


def test_departments_of_an_imported_grid_that_are_not_listed_are_named(
    root: httpx.Client,
) -> None:
    shown = root.get("/office/rules").text
    form = {"csrf": re.findall(r'name="csrf" value="([^"]*)"', shown)[0]}

    def imported(grid: object) -> str:
        content = httpx.Response(200, json=grid).content
        files = {"file": ("g.json", content)}
        return root.post("/office/rules/grid", data=form, files=files).text

    odd = imported(UNLISTED)
    chinese = root.get("/office/rules?lang=zh").text
    good = imported(GRID)

    assert "departments.yaml does not list" in odd
    assert "wait until somebody chooses another: JD-07<" in odd
    assert "不在 departments.yaml 中" in chinese
    assert "does not list" not in good


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/office/people", {"do": "add", "name": "eve", "password": PASSWORD}),
        ("/office/keys", {"do": "make", "name": "x", "scopes": "read"}),
        ("/office/webhooks", {"url": "http://127.0.0.1:9/"}),
        ("/office/webhooks/1", {"do": "remove"}),
        ("/office/webhooks/1", {"do": "ping"}),
        ("/office/webhooks/1", {"do": "change", "url": "http://127.0.0.1:9/"}),
        ("/office/rules/grid", {}),
        ("/office/me", {"old": PASSWORD, "password": PASSWORD}),
    ],
)
def test_forms_that_other_sites_send_do_nothing(
    live: Live, root: httpx.Client, path: str, form: dict[str, str]
) -> None:
    without = root.post(path, data=form)
    wrong = root.post(path, data={**form, "csrf": "x" * 32})
    elsewhere = root.post(path, data=form, headers={"Origin": "https://evil.example"})

    assert (without.status_code, wrong.status_code) == (403, 403)
    assert elsewhere.status_code == 401
    assert [row.name for row in live.services.users.all()] == ["root"]
    assert live.services.keys.all() == []
    assert live.services.subscriptions.all() == []


def test_who_may_not_is_refused_also_with_a_form_of_their_own(
    live: Live,
) -> None:
    with browser(live, "li", Role.SUPERVISOR) as client:
        token = client.get("/api/v1/me").json()["csrf"]
        form = {"csrf": token, "do": "make", "name": "x", "scopes": Scope.READ.value}
        refused = client.post("/office/keys", data=form)

    assert refused.status_code == 403
    assert live.services.keys.all() == []


def test_people_change_their_own_password(live: Live) -> None:
    new = "staple horse battery"
    with browser(live, "li", Role.REVIEWER) as client:
        wrong = send(client, "/office/me", old="not this one", password=new)
        right = send(client, "/office/me", old=PASSWORD, password=new)
        after = client.get("/api/v1/me").status_code

    assert wrong.status_code == 403
    assert right.url.path == "/login"
    assert after == 401
    assert live.services.users.log_in("li", new) is not None
