"""The report's words, English and Chinese; both are in every report."""

from vision.core.violations import NAMES

WORDS: dict[str, tuple[str, str]] = {
    "detections_title": ("Detection report", "目标检测评测报告"),
    "events_title": ("Event report", "事件评测报告"),
    "drives_title": ("Drive report", "巡查行驶评测报告"),
    "n_drives": ("drives", "次行驶"),
    "tours": ("Tours", "行程"),
    "thing": ("Thing", "目标"),
    "drive": ("Drive", "行驶"),
    "there": ("There in drives", "存在于(次)"),
    "opened_in": ("Opened in (due in)", "上报于(应于)"),
    "cleared_in": ("Gone in (due in)", "消除于(应于)"),
    "error_m": ("Error (told)", "误差(自报精度)"),
    "cleared_wrongly": ("still there", "实际仍在"),
    "in_time": ("Opened in the first drive possible", "首次可判定行驶中上报"),
    "error_rms_m": ("Distance from the truth, RMS", "位置误差 均方根"),
    "error_median_m": ("Distance from the truth, median", "位置误差 中位数"),
    "error_p95_m": ("Distance from the truth, 95 %", "位置误差 P95"),
    "within_accuracy": (
        "Within the accuracy told (aim 0.95)",
        "在自报精度内(应 0.95)",
    ),
    "map_rule": (
        (
            "A report counts as a true thing when the violation is the same, it lies "
            "near and was opened in a drive in which the thing was there; one to one."
        ),
        "违规类型相同、位置相近,且在目标存在的行驶中上报,视为同一事件,一一对应。",
    ),
    "map_note": (
        (
            "Grey: the ways driven. Green: true, found; dashed: missed. Blue: right "
            "reports, orange: false, each as large as the accuracy that it tells."
        ),
        "灰线:行驶轨迹;绿色:已报出的真实目标,虚线:漏报;蓝色:正确上报,橙色:误报,圆的大小为自报精度。",
    ),
    "compare_title": ("Comparison", "对比报告"),
    "summary": ("In short", "概要"),
    "classes": ("Classes", "各类别"),
    "class": ("Class", "类别"),
    "true_boxes": ("True boxes", "真实框数"),
    "small": ("AP small", "小目标 AP"),
    "medium": ("AP medium", "中目标 AP"),
    "large": ("AP large", "大目标 AP"),
    "best_threshold": ("Best-F1 score limit", "最佳 F1 阈值"),
    "precision": ("Precision", "精确率"),
    "recall": ("Recall", "召回率"),
    "f1": ("F1", "F1"),
    "s4": ("S4: F1 less onset error", "S4:F1 扣除起始误差"),
    "map50": ("mAP50", "mAP50"),
    "map": ("mAP50-95", "mAP50-95"),
    "ap50": ("AP50", "AP50"),
    "ap": ("AP50-95", "AP50-95"),
    "curves": ("Precision and recall", "精确率–召回率曲线"),
    "dot": (
        "The dot marks the score limit with the best F1.",
        "圆点为 F1 最高的置信度阈值。",
    ),
    "confusion": ("Who is taken for whom", "混淆矩阵"),
    "confusion_note": (
        (
            "Rows: what it is. Columns: what was said, at each class's best-F1 limit, "
            "IoU at least 0.5."
        ),
        "行为真实类别,列为检测结果;各类取最佳 F1 阈值,IoU ≥ 0.5。",
    ),
    "background": ("background", "背景"),
    "nothing": ("nothing", "未检出"),
    "mistakes": ("Mistakes and what they cost", "错误分解及代价"),
    "mistake": ("Mistake", "错误类型"),
    "count": ("Count", "数量"),
    "gain": ("mAP50 if mended", "修正后 mAP50 提升"),
    "localisation": ("localisation: right class, poor box", "定位:类别对,框不准"),
    "classification": ("classification: good box, other class", "分类:框准,类别错"),
    "duplicate": ("duplicate: found twice", "重复:同一目标重复报出"),
    "both": ("both: poor box and other class", "定位与分类均错"),
    "missed": ("missed", "漏检"),
    "worst": ("Worst pictures", "最差图片"),
    "legend": (
        "Green dashed: drawn by a person. Blue: right. Orange: wrong. Grey: ignored.",
        "绿色虚线:人工标注;蓝色:正确;橙色:错误;灰色:忽略区域。",
    ),
    "speed": ("Speed", "速度"),
    "per_picture": ("per picture, model only", "每张(仅模型)"),
    "counts": ("What was counted", "计数核对"),
    "listed": ("listed", "列出"),
    "kept": ("scored", "参与评测"),
    "left_out": ("left out", "剔除"),
    "pictures": ("Pictures", "图片"),
    "boxes": ("Boxes", "标注框"),
    "clips": ("Clips", "视频"),
    "events": ("Events", "事件"),
    "n_pictures": ("pictures", "张图片"),
    "n_boxes": ("boxes", "个标注框"),
    "n_clips": ("clips", "段视频"),
    "n_events": ("events", "起事件"),
    "n_ignored": ("ignored", "忽略"),
    "n_cameras": ("cameras", "台摄像机"),
    "problems": ("Problems with the input", "输入数据问题"),
    "no_problems": ("None: everything listed was scored.", "无:全部参与评测。"),
    "more": ("more in report.json", "条,详见 report.json"),
    "unlabelled": (
        "detections of classes that this set does not label; not scored",
        "个检测结果的类别未在本数据集中标注,不计分",
    ),
    "figures": ("Figures", "指标"),
    "figure": ("Figure", "指标"),
    "value": ("Value", "数值"),
    "interval": ("95 % interval", "95% 置信区间"),
    "interval_note": (
        (
            "Intervals: bootstrap, resampled by camera; none where one camera alone "
            "bears on a figure or all agree. No false alarm at all: at most three in "
            "the time watched (95 %)."
        ),
        (
            "区间按摄像机重采样(自助法);仅一台摄像机起作用或各台一致时不给出。"
            "无误报时,上限按观看时长内至多三次计(95%)。"
        ),
    ),
    "interval_note_pictures": (
        "Intervals: bootstrap, resampled by picture; none where all agree.",
        "区间按图片重采样(自助法);各图一致时不给出。",
    ),
    "onset_mae_s": ("Onset error, mean", "起始时间误差 均值"),
    "onset_bias_s": ("Onset error, bias (+ late)", "起始时间偏差(+为晚)"),
    "onset_rmse_s": ("Onset error, RMSE", "起始时间误差 RMSE"),
    "onset_p95_s": ("Onset error, 95th percentile", "起始时间误差 P95"),
    "opening_mean_s": ("Time to open, mean", "上报用时 均值"),
    "opening_p95_s": ("Time to open, 95th percentile", "上报用时 P95"),
    "false_per_camera_day": ("False alarms per camera-day", "每摄像机每天误报"),
    "false_per_camera_hour": ("False alarms per camera-hour", "每摄像机每小时误报"),
    "duplicates_per_true": ("Duplicates per true event", "每起事件重复上报"),
    "fragments_per_true": ("Fragments per true event", "每起事件断裂次数"),
    "queue_as_parked": ("Queues called parked", "排队误判为违停"),
    "clear_precision": ("Clearing: precision", "消除确认 精确率"),
    "clear_recall": ("Clearing: recall", "消除确认 召回率"),
    "fix_precision": ("Fix verification: precision", "整改核实 精确率"),
    "fix_recall": ("Fix verification: recall", "整改核实 召回率"),
    "instead": ("reported instead", "替代上报"),
    "miss_at_0.1_per_hour": ("Missed at 0.1 false alarms/h", "漏报率 @0.1 误报/时"),
    "miss_at_0.5_per_hour": ("Missed at 0.5 false alarms/h", "漏报率 @0.5 误报/时"),
    "miss_at_1_per_hour": ("Missed at 1 false alarm/h", "漏报率 @1 误报/时"),
    "conditions": ("By condition", "按条件"),
    "condition": ("Condition", "条件"),
    "violations": ("By violation", "按违规类型"),
    "violation": ("Violation", "违规类型"),
    "watched": ("Watched", "观看时长"),
    "unwatched": ("not watched, no pictures came", "无画面,未计入观看"),
    "damaged": ("damaged pictures not decoded", "张图片损坏,无法解码"),
    "verdicts": ("What became of every report", "每条上报的结论"),
    "verdict": ("Verdict", "结论"),
    "true": ("right", "正确"),
    "ignored": ("ignored (doubtful event)", "忽略(存疑事件)"),
    "fragment": (
        "fragment: cleared too early, opened again",
        "断裂:过早消除后再次上报",
    ),
    "wrong_time": ("onset too far off", "起始时间偏差过大"),
    "wrong_place": ("wrong place", "位置不符"),
    "wrong_class": ("wrong violation", "违规类型不符"),
    "queue": ("queue called parked", "排队误判为违停"),
    "decoy": ("decoy: loading, permitted, carried", "干扰项:装卸、许可、携带"),
    "trade": ("Misses against false alarms", "漏报–误报权衡"),
    "clip_list": ("Clip by clip", "逐段视频"),
    "timeline_note": (
        (
            "● what happened: green found, dashed missed. ∅ looks like a violation and "
            "is none. ◌ view blind or moved, or no pictures: no dwell is counted. → "
            "what was reported: blue right, orange false. Why not: ✗ is what was "
            "lacking."
        ),
        (
            "● 真实事件:绿色为已报出,虚线为漏报;∅ 貌似违规而非违规;"
            "◌ 画面不可信(遮挡或移动)或无画面,不计时;"
            "→ 上报:蓝色正确,橙色误报。未上报原因中 ✗ 为未满足的条件。"
        ),
    ),
    "camera": ("Camera", "摄像机"),
    "truth_row": ("true", "真实"),
    "found_row": ("reported", "上报"),
    "false_alarm": ("false alarm", "误报"),
    "found": ("found", "正确上报"),
    "why_not": ("why not", "未上报原因"),
    "reasons": ("reasons", "判定依据"),
    "evidence": ("evidence", "证据"),
    "synthetic": ("rendered, not filmed", "渲染视频,非实拍"),
    "synthetic_note": (
        (
            "Some clips are rendered. Figures on them say how the rules decide, not "
            "how the detector sees real streets."
        ),
        "部分视频为渲染生成;其指标反映规则判定能力,不代表真实街道上的检测能力。",
    ),
    "rule": (
        (
            "A report counts as a true event when the violation is the same, the "
            "places overlap and the onsets are close; one to one."
        ),
        "违规类型相同、位置重叠且起始时间接近时视为同一事件,一一对应。",
    ),
    "a": ("A (before)", "A(之前)"),
    "b": ("B (after)", "B(之后)"),
    "difference": ("B − A", "差值"),
    "p_value": ("p", "p 值"),
    "gate": ("Gate", "门限"),
    "passed": ("passed", "通过"),
    "failed": ("failed", "未通过"),
    "paired_note": (
        (
            "p: paired bootstrap on what both runs share; small means chance alone "
            "would hardly explain the difference. Where n cameras or pictures differ, "
            "it is never below 1 / 2^(n−1): six are needed for 0.05."
        ),
        (
            "p 值:对共有样本的配对自助法检验;越小越不可能是偶然。"
            "有 n 台摄像机(或图片)不同时,不小于 1/2^(n−1):低于 0.05 至少需要六台。"
        ),
    ),
    "how": ("How this was measured", "评测方法与环境"),
    "command": ("Command", "命令"),
    "made_at": ("Made", "生成时间"),
    "model": ("Model", "模型"),
    "config": ("Configuration", "配置"),
    "seed": ("Seed", "随机种子"),
    "machine": ("Machine", "机器"),
    "packages": ("Packages", "软件包"),
    "data": ("Data", "数据"),
    "none": ("none", "无"),
    "tag_day": ("day", "白天"),
    "tag_overcast": ("overcast", "阴天"),
    "tag_dusk": ("dusk", "黄昏"),
    "tag_night": ("night", "夜间"),
    "tag_ir": ("infrared", "红外"),
    "tag_dry": ("dry", "干燥"),
    "tag_rain": ("rain", "雨天"),
    "tag_queue": ("queue", "排队"),
    "tag_shake": ("shake", "抖动"),
    "tag_occlusion": ("occlusion", "遮挡"),
    "tag_negative": ("negative", "无违规"),
    "tag_infrared": ("switch to infrared", "切换红外"),
    "tag_baseline": ("there from the start", "开始时已存在"),
    "tag_bay": ("one bay in turn", "同一车位先后停放"),
    "tag_market": ("permitted market", "许可集市"),
    "tag_move": ("camera moved", "摄像机被移动"),
    "tag_drop": ("stream drops", "视频流中断"),
    "tag_freeze": ("stream freezes", "画面冻结"),
    "tag_grey": ("stream greys out", "画面变灰"),
    "tag_moving": ("moving camera", "移动摄像机"),
    **{slug.value: name for slug, name in NAMES.items()},
}
"""Key to (English, Chinese)."""


def english(key: str) -> str:
    """Return the English words for a key; the key itself where there are none."""
    return WORDS.get(key, (key, key))[0]


def chinese(key: str) -> str:
    """Return the Chinese words for a key; the key itself where there are none."""
    return WORDS.get(key, (key, key))[1]
