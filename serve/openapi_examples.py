"""Examples for all that can be sent and the answers that matter, as the API shows."""

from serve.errors import Json

_VIOLATION: Json = {
    "specversion": "1.0",
    "type": "org.streetwarden.violation.opened.v1",
    "id": "6a1f3c1e-9f0b-5d0e-8f6a-2b7c4c1d9e10.1",
    "source": "/cameras/kerb-east",
    "subject": "places/kerb-east-p7",
    "time": "2026-11-23T01:20:07+00:00",
    "datacontenttype": "application/json",
    "data": {
        "schema_version": "1",
        "event_id": "6a1f3c1e-9f0b-5d0e-8f6a-2b7c4c1d9e10",
        "sequence": 1,
        "lifecycle": "opened",
        "slug": "illegal_parking",
        "scheme": "GB/T 47678.5-2026",
        "code": "09009",
        "code_name": "机动车乱停放",
        "camera": {"id": "kerb-east", "name": "武珞路东侧球机", "gb_id": None},
        "location": {
            "lat": 30.5312,
            "lon": 114.3257,
            "crs": "wgs84",
            "address": "武珞路 12 号",
            "grid_id": None,
        },
        "zone": "kerb-east",
        "started": "2026-11-23T01:17:00+00:00",
        "ended": None,
        "observed_s": 187.0,
        "elapsed_s": 187.0,
        "confidence": "high",
        "severity": 2,
        "reasons": [
            {
                "name": "observed_s",
                "value": 187.0,
                "unit": "s",
                "bound": ">= 180",
                "holds": True,
                "text": "observed_s 187 s >= 180 s",
            }
        ],
        "recurrence_of": None,
        "place": {
            "id": "kerb-east-p7",
            "kind": "vehicle",
            "label": "car",
            "xyxy": [612.0, 388.5, 801.0, 502.0],
            "score": 0.83,
            "baseline": False,
        },
        "rule": "illegal_parking/1",
        "evidence": [
            {
                "name": "001-overlay.jpg",
                "role": "overlay",
                "media_type": "image/jpeg",
                "sha256": "9f86d081884c7d659a2feaa0c55ad015"
                "a3bf4f1b2b0b822cd15d6c15b0f00a08",
                "bytes": 184023,
                "captured_at": "2026-11-23T01:20:07+00:00",
                "frame_index": 187,
            }
        ],
    },
}
_RING: Json = [[114.32, 30.53], [114.33, 30.53], [114.33, 30.54], [114.32, 30.53]]

# By the name of the schema.
EXAMPLES: dict[str, Json] = {
    "ViolationMessage": _VIOLATION,
    "HealthMessage": {
        "specversion": "1.0",
        "type": "org.streetwarden.health.view_blind.v1",
        "id": "kerb-east/view_blind/2026-11-23T01:20:07",
        "source": "/cameras/kerb-east",
        "time": "2026-11-23T01:20:07+00:00",
        "data": {
            "kind": "view_blind",
            "ok": False,
            "camera_id": "kerb-east",
            "detail": "view blind (black): clean the lens or check the camera",
        },
    },
    "HoldWish": {"reason": "court case 4711"},
    "Do": {
        "action": "dispatch",
        "department": "sanitation",
        "way": "dispatched",
        "note": "before the market opens",
    },
    "AnswerIn": {
        "verdict": "cleared",
        "after": "look-7-9f86d081-after_redacted.jpg",
        "reasons": [
            {"name": "clear_views", "value": 3, "unit": "1", "bound": ">= 3"},
        ],
    },
    "NewSubscription": {
        "url": "https://orders.example.org/hook",
        "types": ["case."],
        "slugs": ["garbage_pile", "overflowing_bin"],
    },
    "EngineIn": {
        "site": "north",
        "version": "0.1.0",
        "run": "6f1c2ab4d5e7f890",
        "up_s": 2.5,
        "cameras": [
            {
                "id": "kerb-east",
                "name": "Kerb, looking east",
                "location": {"lat": 30.5251, "lon": 114.3132},
            }
        ],
    },
    "RunIn": {"run": "6f1c2ab4d5e7f890"},
    "Switch": {"url": "https://orders.example.org/v2/hook", "types": ["case."]},
    "PingOut": {
        "ok": False,
        "message_id": "ping-3-9f2c41d8a6b07c15",
        "status": 401,
        "fault": "answer",
        "error": "got 401, expected 2xx",
        "duration_s": 0.042,
    },
    "GridFile": {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {
                    "grid_id": "420106001",
                    "street": "武珞路",
                    "community": "第一社区",
                    "dept_code": "chengguan",
                    "street_class": "main",
                },
                "geometry": {"type": "Polygon", "coordinates": [_RING]},
            }
        ],
    },
    "FirstAdmin": {"name": "root", "password": "correct horse battery"},
    "NewUser": {
        "name": "li.jing",
        "password": "correct horse battery",
        "role": "reviewer",
        "districts": ["武珞路"],
    },
    "Assignment": {"role": "dispatcher", "districts": ["武珞路", "民主路"]},
    "NewPassword": {"password": "correct horse battery"},
    "OwnPassword": {"old": "staple horse battery", "password": "correct horse battery"},
    "NewKey": {"name": "desk", "scopes": ["read", "handle"], "days": 365},
    "KeyMade": {"key": "sw_9b537a661d4752ca_W3n…"},
    "CaseOut": {
        "number": 7,
        "version": 3,
        "state": "dispatched",
        "event_id": "6a1f3c1e-9f0b-5d0e-8f6a-2b7c4c1d9e10",
        "slug": "illegal_parking",
        "scheme": "GB/T 47678.5-2026",
        "code": "09009",
        "code_name": "机动车乱停放",
        "location": {
            "lat": 30.541,
            "lon": 114.312,
            "crs": "wgs84",
            "address": "武珞路 12 号",
            "grid_id": "420106001",
            "accuracy_m": None,
        },
        "grid_id": "420106001",
        "street": "武珞路",
        "community": "第一社区",
        "department": "traffic",
        "responsible": "王强",
        "way": "dispatched",
        "reported_at": "2026-11-23T01:20:08+00:00",
        "updated_at": "2026-11-23T01:31:40+00:00",
        "closed_at": None,
        "due": {
            "stage": "handle",
            "at": "2026-11-23T05:31:40+00:00",
            "overdue": False,
            "escalated": None,
        },
        "merged_into": None,
        "recurrence_of": None,
        "possible": ["accept", "return", "feedback", "note"],
        "url": "/api/v1/cases/7",
        "event_url": "/api/v1/events/6a1f3c1e-9f0b-5d0e-8f6a-2b7c4c1d9e10",
    },
    "Receipt": {
        "event_id": "6a1f3c1e-9f0b-5d0e-8f6a-2b7c4c1d9e10",
        "id": "6a1f3c1e-9f0b-5d0e-8f6a-2b7c4c1d9e10.1",
        "result": "new",
    },
    "DeliveryOut": {
        "number": 91,
        "message_id": "case-7.3-9f2c41d8",
        "event_id": "6a1f3c1e-9f0b-5d0e-8f6a-2b7c4c1d9e10",
        "state": "pending",
        "attempts": 2,
        "next_at": "2026-11-23T01:36:40+00:00",
        "status": 503,
        "error": "503 Service Unavailable",
        "finished_at": None,
    },
}
