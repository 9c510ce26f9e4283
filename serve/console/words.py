"""What the pages say, in English and Chinese."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

Reason = Mapping[str, str | float | bool | None]


class Language(StrEnum):
    """Languages of the pages."""

    EN = "en"
    ZH = "zh"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One reason in words.

    Attributes:
        text: for a person.
        holds: whether it speaks for the event; None when it is a circumstance.
    """

    text: str
    holds: bool | None


_WORDS: dict[str, tuple[str, str]] = {
    "title": ("Street events", "街面事件"),
    "garbage_pile": ("Garbage pile", "垃圾堆放"),
    "overflowing_bin": ("Overflowing bin", "垃圾满溢"),
    "street_vending": ("Street vending", "占道经营"),
    "illegal_parking": ("Illegal parking", "机动车违停"),
    "open": ("Open", "未消除"),
    "cleared": ("Cleared", "已消除"),
    "opened": ("Opened", "发现"),
    "updated": ("Updated", "更新"),
    "all": ("All", "全部"),
    "all_types": ("All types", "全部类型"),
    "where": ("Where", "地点"),
    "when": ("Seen", "时间"),
    "why": ("Why", "判定依据"),
    "pictures": ("Pictures", "证据图片"),
    "files": ("Files", "证据文件"),
    "life": ("Life", "过程"),
    "since": ("since", "始于"),
    "until": ("until", "至"),
    "stood": ("stood", "持续"),
    "camera": ("Camera", "摄像机"),
    "zone": ("zone", "区域"),
    "sure": ("sure", "确信"),
    "unsure": ("unsure – check", "待核实"),
    "severity": ("Severity", "严重程度"),
    "severity_1": ("low", "轻"),
    "severity_2": ("medium", "中"),
    "severity_3": ("high", "重"),
    "code": ("Code", "代码"),
    "back": ("All events", "全部事件"),
    "more": ("Older", "更早"),
    "newest": ("Newest", "最新"),
    "none": ("Nothing reported yet.", "暂无事件。"),
    "none_hint": (
        "Events appear here by themselves as soon as an engine reports them.",
        "引擎上报后,事件会自动出现在这里。",
    ),
    "no_picture": ("no picture yet", "图片尚未到达"),
    "protected": ("original, protected", "原件受保护"),
    "arriving": ("on its way", "传输中"),
    "lead": (
        "A lead with evidence, for a person to decide. Not a penalty.",
        "仅为线索与证据,由人工判定,不作为处罚决定。",
    ),
    "login": ("Sign in", "登录"),
    "logout": ("Sign out", "退出"),
    "login_hint": (
        "Paste an access key. To make one: python -m serve keys create --scope read",
        "请粘贴访问密钥。生成命令:python -m serve keys create --scope read",
    ),
    "key": ("Access key", "访问密钥"),
    "bad_key": (
        "This key is unknown, expired, revoked or may not read.",
        "密钥无效、已过期、已撤销,或无读取权限。",
    ),
    "not_found": ("There is no such event.", "没有该事件。"),
    "cameras": ("Cameras", "摄像机"),
    "all_well": ("all well", "全部正常"),
    "trouble": ("trouble", "异常"),
    "anywhere": ("anywhere", "不限"),
    "again": ("Came back after it was cleared:", "消除后再次出现,前次事件:"),
    "origin": ("Origin", "来源"),
    "model": ("Model", "模型"),
    "engine": ("Engine", "引擎"),
    "rule": ("Rule", "规则"),
    "place": ("Position", "坐标"),
    "raw": ("Data (JSON)", "数据 (JSON)"),
    "live": ("live", "实时"),
    "stale": ("connection lost", "连接中断"),
    "engine_says": ("engine says", "引擎报告"),
    # Circumstances and compared facts by name.
    "observed_s": ("Seen standing still", "静止观察时长"),
    "elapsed_s": ("First to latest sight", "首末次观察间隔"),
    "alone_s": ("Nobody beside it", "无人照看时长"),
    "full_s": ("Full", "满溢时长"),
    "empty_s": ("Not full", "未满时长"),
    "overlap": ("Stands inside the zone", "位于区域内的比例"),
    "support": ("Recognised in recent pictures", "近期画面识别率"),
    "full_share": ("Pictures that show it full", "判为满溢的画面比例"),
    "tended_share": ("Somebody tends it", "有人照看的画面比例"),
    "growth": ("Size compared with the first picture", "与首帧相比的大小"),
    "passed_vehicles": ("Vehicles that passed by meanwhile", "期间驶过的车辆"),
    "queue": ("Traffic", "交通状况"),
    "calendar": ("In force", "生效时段"),
    "label": ("Recognised as", "识别为"),
    "score": ("Score of the detector", "检测得分"),
    "baseline": ("Was there when watching began", "开始监看时已存在"),
    "clear_views": ("Clear views of the empty place", "确认清空的画面数"),
    "cannot_verify": ("The place could not be seen", "现场无法核实"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "exposed": ("the ground was seen again", "已露出地面"),
    "replaced": ("another object stands there", "已被其他物体取代"),
    "lost": ("out of sight for too long", "长时间不可见"),
    "needed": ("needed", "要求"),
    # Labels of the detector.
    "car": ("car", "小汽车"),
    "truck": ("truck", "货车"),
    "bus": ("bus", "公交车"),
    "motorcycle": ("motorcycle", "摩托车"),
    "garbage": ("garbage", "垃圾"),
    "garbage_bin": ("bin", "垃圾桶"),
    "overflow": ("overflowing bin", "满溢垃圾桶"),
    "stall": ("stall", "摊位"),
    # Health.
    "camera_unreachable": ("unreachable", "无法连接"),
    "camera_stalled": ("no new picture", "画面停滞"),
    "camera_ended": ("recording ended", "录像结束"),
    "camera_moved": ("camera moved", "镜头移位"),
    "stream_gap": ("gap in the stream", "视频流中断"),
    "time_jump": ("clock jumped", "时间跳变"),
    "resolution_changed": ("resolution changed", "分辨率变化"),
    "view_blind": ("cannot see", "画面不可用"),
    "view_changed": ("view changed", "场景变化"),
    "evidence_degraded": ("evidence incomplete", "证据不完整"),
    "delivery_failing": ("delivery failing", "上报失败"),
    "store_damaged": ("store damaged", "存储损坏"),
    "overload": ("overloaded", "过载"),
}
# Roles of evidence files.
_ROLES: dict[str, tuple[str, str]] = {
    "overlay": ("marked", "标注图"),
    "wide_first": ("first sight", "首次发现"),
    "wide_deciding": ("moment of decision", "判定时刻"),
    "close_up": ("close-up", "特写"),
    "clip": ("clip", "视频片段"),
    "after": ("afterwards", "处置后"),
    "redacted": ("people blurred", "已脱敏"),
}

Speak = Callable[[str], str]


def speaker(language: Language) -> Speak:
    """Return the look-up of this language; an unknown word is shown as it is."""
    column = 0 if language is Language.EN else 1

    def speak(word: str) -> str:
        pair = _WORDS.get(word)
        return word.replace("_", " ") if pair is None else pair[column]

    return speak


def choose(asked: str | None, accepted: str) -> Language:
    """Return the page's language.

    Args:
        asked: `?lang=`, or None.
        accepted: the `Accept-Language` header; the first known language wins.
    """
    if asked in set(Language):
        return Language(asked)
    for part in accepted.split(","):
        tag = part.split(";")[0].strip().lower()
        for language in Language:
            if tag == language or tag.startswith(f"{language}-"):
                return language
    return Language.EN


def role_name(role: str, language: Language) -> str:
    """Return what an evidence file shows, e.g. `moment of decision, marked`."""
    column = 0 if language is Language.EN else 1
    parts = [
        pair[column]
        for key, pair in sorted(_ROLES.items(), reverse=True)
        if key in role
    ]
    glue = ", " if language is Language.EN else "·"
    return glue.join(parts) or role.replace("_", " ")


def duration(seconds: float, language: Language) -> str:
    """Return a length of time for people: `41 s`, `3 min 7 s`, `2 h 5 min`."""
    units = ("h", "min", "s") if language is Language.EN else ("小时", "分", "秒")
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    parts = [(hours, units[0]), (minutes, units[1]), (rest, units[2])]
    while len(parts) > 1 and parts[0][0] == 0:
        parts.pop(0)
    shown = [f"{count} {unit}" for count, unit in parts[:2] if count or len(parts) == 1]
    return " ".join(shown)


def sentence(reason: Reason, language: Language) -> Sentence:
    """Return a reason as a person says it."""
    speak = speaker(language)
    name = str(reason.get("name", ""))
    holds = reason.get("holds")
    value = _value(reason, language)
    text = f"{speak(name)}: {value}"
    bound = reason.get("bound")
    if isinstance(bound, str) and bound:
        text += (
            f" ({speak('needed')} {_bound(bound, str(reason.get('unit')), language)})"
        )
    return Sentence(text, holds if isinstance(holds, bool) else None)


def _value(reason: Reason, language: Language) -> str:
    value, unit = reason.get("value"), str(reason.get("unit") or "")
    if isinstance(value, bool):
        return speaker(language)("yes" if value else "no")
    if isinstance(value, str) or value is None:
        return speaker(language)(value or "")
    return _number(value, unit, language, name=str(reason.get("name")))


def _bound(bound: str, unit: str, language: Language) -> str:
    sign, _, limit = bound.partition(" ")
    try:
        number = float(limit)
    except ValueError:
        return bound
    shown = {">=": "≥", "<=": "≤"}.get(sign, sign)
    return f"{shown} {_number(number, unit, language)}"


def _number(value: float, unit: str, language: Language, *, name: str = "") -> str:
    if unit == "s":
        return duration(value, language)
    if name == "growth":
        return f"× {value:g}"
    if unit == "1" and not float(value).is_integer() and 0 <= value <= 1:
        return f"{value:.0%}"
    return f"{value:g} {unit}".strip() if unit != "1" else f"{value:g}"
