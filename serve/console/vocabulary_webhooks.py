"""Words of the office: webhooks and what came back (English, Chinese)."""

WEBHOOKS: dict[str, tuple[str, str]] = {
    "webhooks_hint": (
        (
            "Addresses that are told of what happens, signed as Standard Webhooks. "
            "What does not arrive is tried for three days, then listed to send again."
        ),
        (
            "事件和案件变化会推送到以下地址(按 Standard Webhooks 签名)。"
            "未送达的将重试约三天,之后列在此处可重新发送。"
        ),
    ),
    "subscribe": ("Subscribe an address", "新增订阅"),
    "unsubscribe": ("Unsubscribe", "取消订阅"),
    "address": ("Address", "地址"),
    "tell_of": ("Tells of", "推送内容"),
    "tells_case.": ("cases", "案件"),
    "tells_violation.": ("every step of violations", "事件全过程"),
    "tells_violation.opened": ("new violations", "新事件"),
    "tells_evidence.": ("evidence that is complete", "证据到齐"),
    "tells_health.": ("cameras and engine", "设备状态"),
    "everything": ("everything", "全部"),
    "only_kinds": ("Only of", "仅限类型"),
    "only_departments": ("Only cases of", "仅限部门的案件"),
    "none_is_all": ("Nothing ticked: all of them.", "不勾选表示全部。"),
    "secret_follows": (
        "The secret that signs is shown after this.",
        "保存后将显示签名密钥。",
    ),
    "change_or_ping": ("Change or test …", "修改或测试…"),
    "change_address": ("Change address and choice", "修改地址和推送内容"),
    "change_choice": ("Change the choice", "修改推送内容"),
    "choice_counts": (
        "Another choice counts for what comes from now on.",
        "新的推送内容仅对之后的消息生效。",
    ),
    "address_counts": (
        "At another address what waits is tried at once; the secret stays.",
        "更换地址后,待推送的消息会立即发往新地址;签名密钥不变。",
    ),
    "waiting": ("On the way", "待推送"),
    "given_up": ("Given up", "推送失败"),
    "switch_on": ("Switch on", "启用"),
    "switch_off": ("Switch off", "停用"),
    "switched_off": ("Switched off", "已停用"),
    "rotate": ("New secret", "更换签名密钥"),
    "sure_rotate": (
        "Make a new secret? The old one signs too for one more day.",
        "确定更换?旧密钥在一天内仍同时签名。",
    ),
    "sure_remove": (
        "Unsubscribe? What is on its way to this address is forgotten.",
        "确定取消订阅?尚未送达的消息将被清除。",
    ),
    "delivery_pending": ("on the way", "待推送"),
    "delivery_delivered": ("delivered", "已送达"),
    "delivery_dead": ("given up", "推送失败"),
    "no_deliveries": ("Nothing here.", "暂无记录。"),
    "message": ("Message", "消息"),
    "state": ("State", "状态"),
    "tries": ("Tries", "次数"),
    "answer": ("Answer", "响应"),
    "next_or_end": ("Next try or end", "下次重试 / 结束"),
    "replay": ("Send again", "重新发送"),
    "replay_all": ("Send all given up again", "重新发送全部失败消息"),
    # Test messages, and what came back.
    "ping": ("Send a test message", "发送测试消息"),
    "ms": ("ms", "毫秒"),
    "ping_ok": ("Delivered: it answered", "已送达,接收方返回"),
    "ping_answer": ("Reached, but not taken: it answered", "已连通但未接收,对方返回"),
    "ping_address": ("This address may not be called", "不允许访问该地址"),
    "ping_name": ("The host's name is not known", "无法解析主机名"),
    "ping_connection": ("Cannot connect", "无法连接"),
    "ping_tls": ("No secure connection", "无法建立安全连接(TLS)"),
    "ping_silence": ("No answer in time", "等待响应超时"),
    "ping_broken": ("The connection broke off", "连接中断"),
    "ping_key": ("Not sent: it cannot be signed", "未发送:无法签名"),
    "ping_hint_key": (
        (
            "The service has another secret key than when this secret was made: bring "
            "serve.key or STREETWARDEN_SECRET_KEY back, or subscribe anew."
        ),
        (
            "服务的加密密钥与生成该签名密钥时不同:请恢复 serve.key 或 "
            "STREETWARDEN_SECRET_KEY,或重新订阅。"
        ),
    ),
    "ping_hint_ok": (
        "It was signed as every message is, and is in no list.",
        "测试消息与正式消息签名方式相同,不计入推送记录。",
    ),
    "ping_hint_address": (
        (
            "Addresses of the own network are refused unless the service is started "
            "with STREETWARDEN_ALLOW_PRIVATE_WEBHOOKS=true."
        ),
        (
            "默认不允许推送到内网地址;如确需使用,请设置 "
            "STREETWARDEN_ALLOW_PRIVATE_WEBHOOKS=true 后重启服务。"
        ),
    ),
    "ping_hint_name": (
        "Is it spelt right, and does this server's DNS know it?",
        "请检查主机名拼写,以及本服务器的 DNS 能否解析该名称。",
    ),
    "ping_hint_connection": (
        "Nothing listens at this host and port, or a firewall is in between.",
        "该主机和端口没有服务在监听,或被防火墙拦截。",
    ),
    "ping_hint_tls": (
        (
            "Mostly the certificate: run out, for another name, or of an authority "
            "unknown here (SSL_CERT_FILE). Or the port speaks http, not https."
        ),
        (
            "多为证书问题:已过期、域名不符,或签发机构不受信任(可用 SSL_CERT_FILE "
            "指定);也可能该端口是 http 而非 https。"
        ),
    ),
    "ping_hint_silence": (
        (
            "A firewall may swallow what is sent, or the receiver is too slow: it "
            "should answer first and work afterwards."
        ),
        "可能被防火墙丢弃,或接收方处理过慢:应先返回响应,再处理消息。",
    ),
    "ping_hint_broken": (
        (
            "The receiver or a proxy before it ended the connection, or speaks no "
            "HTTP at this port. It may expect https:// in place of http://."
        ),
        (
            "接收方或其前置代理断开了连接,或该端口不是 HTTP 服务;"
            "使用 http:// 时请确认是否应为 https://。"
        ),
    ),
    "ping_hint_signature": (
        "It does not believe the sender: is the secret there the one made here?",
        "接收方未通过验证:请核对其签名密钥是否与此处生成的一致。",
    ),
    "ping_hint_path": (
        "The server is there, but takes no POST at this path: look at the address.",
        "服务器可达,但该路径不接受 POST 请求:请检查地址中的路径。",
    ),
    "ping_hint_gone": (
        "It wants nothing more; to a real message this answer ends the subscription.",
        "接收方表示不再接收;若正式消息得到此响应,该订阅将被停用。",
    ),
    "ping_hint_busy": (
        "It asks to be called less often; real messages are tried again later.",
        "接收方要求降低频率;正式消息会稍后重试。",
    ),
    "ping_hint_moved": (
        "Redirects are not followed: enter the address that it leads to.",
        "不跟随重定向:请直接填写跳转后的地址。",
    ),
    "ping_hint_theirs": (
        "Something failed at the receiver or its proxy: look at the log there.",
        "接收方或其前置代理内部出错:请查看对方日志。",
    ),
    "ping_hint_refused": (
        "It takes the message for wrong: look at the log there. Expected is 2xx.",
        "接收方认为消息有误:请查看对方日志。期望返回 2xx。",
    ),
}
