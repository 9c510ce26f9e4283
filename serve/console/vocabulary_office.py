"""Words of the office: people, keys, audit log, rules (English, Chinese)."""

OFFICE: dict[str, tuple[str, str]] = {
    "office": ("Office", "管理"),
    "people": ("People", "用户"),
    "keys": ("API keys", "接口密钥"),
    "webhooks": ("Webhooks", "推送订阅"),
    "audit": ("Audit log", "审计日志"),
    "rules": ("Rules", "派遣与时限规则"),
    "account": ("My account", "我的账号"),
    "change": ("Change", "修改"),
    "save": ("Save", "保存"),
    "find": ("Find", "查询"),
    "ended": ("ended", "已停用"),
    "made": ("Made", "创建时间"),
    "may": ("May", "权限"),
    "whole_city": ("whole city", "全市"),
    "streets_seen": ("Streets", "管辖街道"),
    "streets_hint": (
        "None chosen: the whole city. Hold Ctrl to choose several.",
        "不选表示全市;按住 Ctrl 可多选。",
    ),
    "no_streets": (
        "No grid is imported yet, so everybody sees the whole city.",
        "尚未导入网格,所有人均可查看全市。",
    ),
    "secret_made": ("Made. Copy it now:", "已生成,请立即复制保存:"),
    "secret_once": (
        "It is shown this once and kept here only as what checks it.",
        "仅显示这一次,离开本页后无法再次查看。",
    ),
    # People.
    "people_hint": (
        (
            "Who may log in, and what they may do. A change counts at once; what "
            "somebody did stays in the history after their access ends."
        ),
        "可登录的用户及其权限。修改立即生效;停用后其历史操作仍保留。",
    ),
    "add_person": ("Add a person", "新增用户"),
    "first_password": ("First password", "初始密码"),
    "new_password": ("New password", "新密码"),
    "old_password": ("Present password", "当前密码"),
    "give_password": ("Give this password", "重置密码"),
    "password_hint": (
        "Ten characters or more. You are logged out everywhere and log in anew.",
        "至少 10 个字符。修改后所有设备需重新登录。",
    ),
    "since_when": ("Since", "创建时间"),
    "end_access": ("End access", "停用账号"),
    "sure_end": (
        "End this person's access? Sessions and keys stop at once.",
        "确定停用该用户?其会话和密钥将立即失效。",
    ),
    "role": ("Role", "角色"),
    "role_viewer": ("Viewer", "查看员"),
    "role_reviewer": ("Reviewer", "审核员"),
    "role_dispatcher": ("Dispatcher", "派遣员"),
    "role_supervisor": ("Supervisor", "督办员"),
    "role_admin": ("Administrator", "管理员"),
    "role_auditor": ("Auditor", "审计员"),
    "may_viewer": ("looks only", "仅查看"),
    "may_reviewer": (
        "registers or rejects, sees originals",
        "立案审核,可查看原始证据",
    ),
    "may_dispatcher": ("sends cases out and handles them", "派遣和处置案件"),
    "may_supervisor": (
        "reviews, dispatches, extends, suspends, urges",
        "审核、派遣、延期、挂账、督办",
    ),
    "may_admin": ("everything, people and keys too", "全部权限,含用户和密钥管理"),
    "may_auditor": ("looks, and reads the audit log", "查看并审阅审计日志"),
    # Keys.
    "keys_hint": (
        (
            "For programs: engines, work-order systems, reports. A key is shown once; "
            "revoke one that may have leaked and make another."
        ),
        "供程序使用:引擎、工单系统、报表等。密钥仅显示一次;如有泄露请吊销并重新生成。",
    ),
    "make_key": ("Make a key", "生成密钥"),
    "key_name": ("Whose (name)", "用途名称"),
    "key_days": ("Lasts", "有效期"),
    "for_ever": ("until revoked", "长期有效"),
    "machine_may": ("A program's key that may", "程序密钥的权限"),
    "or_key_of": (
        "or a person's own key, with that person's role",
        "或某用户本人的密钥(权限与其角色相同)",
    ),
    "as_person": ("as", "以用户身份:"),
    "revoke": ("Revoke", "吊销"),
    "revoked": ("revoked", "已吊销"),
    "expired": ("expired", "已过期"),
    "sure_revoke": (
        "Revoke this key? Programs that use it stop at once.",
        "确定吊销?使用该密钥的程序将立即无法访问。",
    ),
    "scope_ingest": ("report", "上报"),
    "scope_read": ("read", "读取"),
    "scope_originals": ("originals", "原始证据"),
    "scope_review": ("review", "审核"),
    "scope_dispatch": ("dispatch", "派遣"),
    "scope_handle": ("handle", "处置"),
    "scope_supervise": ("supervise", "督办"),
    "scope_audit": ("audit log", "审计日志"),
    "scope_admin": ("administer", "管理"),
    "scope_setup": ("first administrator", "创建首位管理员"),
    "scope_hint_ingest": ("for engines", "用于引擎"),
    "scope_hint_read": ("events, cases, exports, stream", "事件、案件、导出、实时流"),
    "scope_hint_originals": ("pictures without blur, audited", "未打码图片,记入审计"),
    "scope_hint_dispatch": ("choose the department", "选择责任部门"),
    "scope_hint_handle": ("accept, report done, return", "接收、反馈、退回"),
    # Audit.
    "audit_hint": (
        (
            "Every look at an original, every change of a case, of people, keys and "
            "subscriptions. Lines are only ever added."
        ),
        "记录每次查看原始证据,以及案件、用户、密钥、订阅的每次变更;只增不改。",
    ),
    "who": ("Who", "操作人"),
    "what": ("What", "操作"),
    "on_what": ("On what", "对象"),
    "reason": ("Reason", "理由"),
    "when_short": ("When", "时间"),
    "no_lines": ("No line fits.", "没有符合条件的记录。"),
    "kind_original.": ("originals read", "查看原始证据"),
    "kind_plates.": ("plates read", "查看车牌"),
    "kind_case.": ("cases", "案件操作"),
    "kind_user.": ("people", "用户管理"),
    "kind_session.": ("logins", "登录"),
    "kind_key.": ("keys", "密钥"),
    "kind_subscription.": ("subscriptions", "订阅"),
    "kind_deliveries.": ("deliveries", "推送"),
    "kind_hold.": ("legal holds", "证据保全"),
    "kind_grid.": ("grid", "网格"),
    "kind_engine.": ("engines", "引擎"),
    "deed_original.read": ("original read", "查看原始证据"),
    "deed_plates.read": ("plates read", "查看车牌"),
    "deed_session.opened": ("logged in", "登录"),
    "deed_user.created": ("person added", "新增用户"),
    "deed_user.assigned": ("role given", "修改角色"),
    "deed_user.disabled": ("access ended", "停用用户"),
    "deed_user.password_reset": ("password given", "重置密码"),
    "deed_user.password_changed": ("own password changed", "修改本人密码"),
    "deed_key.created": ("key made", "生成密钥"),
    "deed_key.revoked": ("key revoked", "吊销密钥"),
    "deed_subscription.created": ("address subscribed", "新增订阅"),
    "deed_subscription.removed": ("address unsubscribed", "取消订阅"),
    "deed_subscription.switched": ("subscription switched", "启停订阅"),
    "deed_subscription.changed": ("subscription changed", "修改订阅"),
    "deed_engine.forgotten": ("engine taken out of use", "停用引擎"),
    "deed_subscription.pinged": ("test message sent", "发送测试消息"),
    "deed_subscription.rotated": ("secret changed", "更换签名密钥"),
    "deed_deliveries.replayed": ("sent again", "重新发送"),
    "deed_hold.placed": ("legal hold placed", "设置保全"),
    "deed_hold.released": ("legal hold released", "解除保全"),
    "deed_grid.imported": ("grid imported", "导入网格"),
    # Rules.
    "rules_hint": (
        (
            "As in force now. They stand in departments.yaml, deadlines.yaml and "
            "calendars/ on the server; the grid is imported below."
        ),
        (
            "当前生效的规则。部门、时限和日历在服务器的 departments.yaml、"
            "deadlines.yaml 和 calendars/ 中设置;网格在下方导入。"
        ),
    ),
    "time_limits": ("How long each step may take", "各环节时限"),
    "stage_register": ("Register", "立案"),
    "stage_dispatch": ("Dispatch", "派遣"),
    "stage_handle": ("Put right", "处置"),
    "stage_check": ("Check", "核查结案"),
    "warned_at": (
        "A deadline is escalated when it passes, and once before, at",
        "超过时限时升级提醒;此前先预警一次,比例为",
    ),
    "working_time": ("Working time", "工作时间"),
    "hours": ("Hours", "工作时段"),
    "years": ("Years", "适用年份"),
    "missing_years": (
        (
            "Deadlines will count holidays as working days: add the year's file to "
            "calendar in deadlines.yaml, for the calendar does not know"
        ),
        (
            "日历缺少下列年份,届时节假日将被计为工作日;"
            "请在 deadlines.yaml 的 calendar 中加入该年文件:"
        ),
    ),
    "holidays": ("Holidays", "节假日"),
    "worked_weekends": ("Weekend days worked", "调休上班日"),
    "no_calendar": ("No calendar is set.", "未设置日历。"),
    "who_acts": ("Who acts (the first line that fits)", "责任部门(按首条匹配)"),
    "street_class": ("Street class", "道路等级"),
    "grid_cell": ("Cell", "网格"),
    "any": ("any", "不限"),
    "else": ("Else", "其余"),
    "of_the_cell": ("the grid cell's department", "网格所属部门"),
    "cells": ("cells", "个网格"),
    "street": ("Street", "街道"),
    "grid_hint": (
        "A place is looked up in the cells: they give street, department and grid id.",
        "按坐标落入的网格确定街道、责任部门和网格编号。",
    ),
    "unlisted_departments": (
        (
            "Departments of cells that departments.yaml does not list; their cases "
            "wait until somebody chooses another:"
        ),
        "以下网格责任部门不在 departments.yaml 中,相关案件需人工选择部门后才能派遣:",
    ),
    "grid_file": (
        "GeoJSON (WGS-84) with grid_id, street, community, dept_code",
        "GeoJSON 文件(WGS-84),属性含 grid_id、street、community、dept_code",
    ),
    "import_grid": ("Replace the grid", "导入并替换网格"),
    "sure_grid": (
        "Replace all cells by those of this file?",
        "确定用该文件替换全部网格?",
    ),
    # What went wrong with a form.
    "bad_name": ("The name cannot be used.", "名称不可用。"),
    "bad_password": ("The password needs ten characters.", "密码至少 10 个字符。"),
    "bad_old": ("The present password is wrong.", "当前密码不正确。"),
    "bad_scopes": ("These rights cannot be given.", "权限选择有误。"),
    "bad_url": ("The address cannot be used.", "地址不可用。"),
    "bad_types": ("Choose from the list.", "请从列表中选择。"),
    "bad_slugs": ("Choose from the list.", "请从列表中选择。"),
    "bad_departments": ("Choose from the list.", "请从列表中选择。"),
    "bad_grid": ("This is no grid that can be used.", "网格文件不可用。"),
    "office_conflict": ("That cannot be done.", "无法执行该操作。"),
    "office_not-found": ("There is nothing of that name.", "没有该对象。"),
    "office_forbidden": ("That is not possible.", "无法执行该操作。"),
    "office_unavailable": (
        "That cannot be done just now; try again in half a minute.",
        "暂时无法执行,请半分钟后重试。",
    ),
    "office_invalid-content": ("Please look at it again.", "请检查填写的内容。"),
}
