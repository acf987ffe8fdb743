"""What tenants, channels and the demo must obey; one bad entry is told by its path."""

import json
import stat
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config import Settings, SettingsError, load, render_toml, show
from config.demo import FILE_NAME, demo_secrets
from config.rules import is_loopback

TENANT = {"id": 1, "slug": "palm-estates", "name": "Palm Estates"}
CHANNEL = {"provider": "meta", "id": "1", "app_secret": "s", "verify_token": "v", "access_token": "a"}
Start = Callable[..., Settings]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Load settings with these tenants and channels."""

    def load_these(tenants=(), channels=(), head: str = "", *, demo: bool = False) -> Settings:
        lines = [head]
        for array, entries in (("tenants", tenants), ("channels", channels)):
            for entry in entries:
                lines += [f"[[{array}]]", *(f"{key} = {toml(value)}" for key, value in entry.items())]
        file = tmp_path / "majlis.toml"
        file.write_text("\n".join(lines))
        return load(config=file, environ={"MAJLIS_DATA_DIR": str(tmp_path / "data")}, demo=demo)

    return load_these


def toml(value) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml(inner)}" for key, inner in value.items()) + " }"
    return json.dumps(value)


def only_fault(start: Start, *args, **kwargs) -> str:
    with pytest.raises(SettingsError) as caught:
        start(*args, **kwargs)
    (line,) = str(caught.value).splitlines()
    return line


def test_a_tenant_and_a_channel_with_only_what_is_required(start):
    settings = start([TENANT], [CHANNEL | {"tenant": "palm-estates"}, CHANNEL | {"id": "2"}])
    (tenant,), (own, shared) = settings.tenants, settings.channels
    assert (tenant.default_language, tenant.timezone, tenant.status) == ("en", "Asia/Dubai", "active")
    assert (own.key, own.tenant, own.max_mps, own.account) == ("meta:1", "palm-estates", 80, None)
    assert own.api_url == "https://graph.facebook.com/v23.0"
    assert shared.tenant is None


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"id": 0}, "id: expected int >= 1"),
        ({"id": 2**31}, "id: expected int <= 2147483647"),
        ({"slug": "-x"}, "slug: expected 2 to 63 lower-case letters"),
        ({"slug": "Palm"}, "slug: expected 2 to 63 lower-case letters"),
        ({"slug": "palm\n"}, "slug: expected 2 to 63 lower-case letters"),
        ({"slug": "p" * 64}, "slug: expected 2 to 63 lower-case letters"),
        ({"name": ""}, "name: expected str of length >= 1"),
        ({"name": "  "}, "name: must be readable text on one line"),
        ({"name": "a\x00b"}, "name: must be readable text on one line"),
        ({"default_language": "fr"}, "default_language: must be one of en, fa, ar, ru"),
        ({"status": "suspend"}, "status: must be one of active, suspended (did you mean suspended?)"),
        ({"timezone": "Asia/Dubay"}, "timezone: is no time zone of this system (did you mean Asia/Dubai?)"),
        ({"timezone": "../../etc/passwd"}, "timezone: is no time zone of this system"),
        ({"timezone": ""}, "timezone: is no time zone of this system"),
        ({"follow_up_minutes": [15, 15]}, "follow_up_minutes: each must be later than the one before it"),
        ({"follow_up_minutes": [120, 15]}, "follow_up_minutes: each must be later than the one before it"),
        ({"follow_up_minutes": [0]}, "follow_up_minutes[0]: expected int >= 1"),
        ({"follow_up_minutes": [1, 2, 3, 4]}, "follow_up_minutes: expected array of length <= 3"),
        ({"quiet_from": "24:00"}, "quiet_from: expected a time of day such as 21:00"),
        ({"quiet_to": "9:00"}, "quiet_to: expected a time of day such as 21:00"),
        ({"langauge": "en"}, "langauge: unknown setting (did you mean tenants[1].default_language?)"),
        ({"id": 7}, "id: 7 is taken by tenants[0] already"),
        ({"slug": "first"}, "slug: first is taken by tenants[0] already"),
    ],
)
def test_a_bad_tenant_is_told_by_its_path(start, change, fault):
    first = {"id": 7, "slug": "first", "name": "خانه‌های پارس"}
    assert only_fault(start, [first, TENANT | change]).startswith(f"tenants[1].{fault}")


def test_a_tenant_writes_to_people_when_and_how_it_says(tmp_path):
    file = tmp_path / "majlis.toml"
    entry = "\n".join(f"{key} = {json.dumps(value)}" for key, value in TENANT.items())
    own = (
        'follow_up_minutes = [15, 120]\nquiet_from = "22:30"\ntemplates = { template-viewing = "viewing_1" }'
    )
    file.write_text(f"[[tenants]]\n{entry}\n{own}")
    settings = load(config=file, environ={"MAJLIS_DATA_DIR": str(tmp_path / "data")})
    (tenant,) = settings.tenants
    assert tenant.follow_up_minutes == (15, 120)
    assert (tenant.quiet_from, tenant.quiet_to) == ("22:30", "09:00")
    assert tenant.templates == {"template-viewing": "viewing_1"}
    assert tomllib.loads(render_toml(show(settings)))["tenants"][0]["templates"] == tenant.templates
    for wrong in (
        '{ template-nudge = "a" }',
        '{ template-viewing = "Viewing" }',
        '{ template-viewing = "" }',
    ):
        file.write_text(f"[[tenants]]\n{entry}\ntemplates = {wrong}")
        with pytest.raises(SettingsError, match=r"tenants\[0\]\.templates"):
            load(config=file, environ={"MAJLIS_DATA_DIR": str(tmp_path / "data")})


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"provider": "mata"}, "provider: must be one of meta, twilio, waha (did you mean meta?)"),
        ({"id": "12a"}, "id: expected the digits of a Meta phone number id"),
        ({"id": "١٢"}, "id: expected the digits of a Meta phone number id"),
        ({"id": ""}, "id: expected str of length >= 1"),
        ({"id": 12}, "id: expected str, got int"),
        ({"id": "77"}, "id: meta:77 is taken by channels[0] already"),
        ({"tenant": "palm"}, "tenant: is the slug of no tenant (did you mean palm-estates?)"),
        ({"app_secret": []}, "app_secret: expected array of length >= 1"),
        ({"app_secret": ["a", ""]}, "app_secret[1]: is empty"),
        ({"app_secret": ""}, "app_secret[0]: is empty"),
        ({"verify_token": 3}, "verify_token: expected a string"),
        ({"access_token": "tokén"}, "access_token: has characters that no HTTP header can carry"),
        ({"max_mps": 0}, "max_mps: expected int >= 1"),
        ({"max_mps": 1001}, "max_mps: expected int <= 1000"),
        ({"account": ""}, "account: expected str of length >= 1"),
        ({"api_url": "http://graph.facebook.com"}, "api_url: must be https"),
        ({"api_url": "http://127.0.0.1.evil.com"}, "api_url: must be https"),
        ({"api_url": "http://127.0.0.1\n.evil.com"}, "api_url: expected https://host/path"),
        ({"api_url": "http://evil.com\\@127.0.0.1"}, "api_url: expected https://host/path"),
        ({"api_url": "https://user:pw@host"}, "api_url: expected https://host/path"),
        ({"api_url": "ftp://127.0.0.1"}, "api_url: expected https://host/path"),
        ({"api_url": "https://"}, "api_url: expected https://host/path"),
        ({"api_url": "https://[::1"}, "api_url: expected https://host/path"),
        ({"api_url": "https://h:99999"}, "api_url: expected https://host/path"),
    ],
)
def test_a_bad_channel_is_told_by_its_path(start, change, fault):
    assert only_fault(start, [TENANT], [CHANNEL | {"id": "77"}, CHANNEL | change]).startswith(
        f"channels[1].{fault}"
    )


TWILIO = {
    "provider": "twilio",
    "name": "tw1",
    "id": "whatsapp:+14155238886",
    "account_sid": "AC" + "0a" * 16,
    "auth_token": "t",
    "api_url": "https://api.twilio.com",
}
_CONTENT = "HX" + "2c" * 16
PUBLIC = '[server]\npublic_url = "https://bot.example.com"'


def test_a_channel_at_twilio_is_called_by_its_name(start):
    [channel] = start([], [TWILIO], PUBLIC).channels
    assert (channel.key, channel.max_mps, len(channel.secrets)) == ("twilio:tw1", 80, 1)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"id": "+14155238886"}, "id: expected a sender such as whatsapp:+14155238886"),
        ({"id": "whatsapp:+14155238886"}, "id: twilio:whatsapp:+14155238886 is taken by channels[0] already"),
        ({"name": "tw1"}, "name: twilio:tw1 is taken by channels[0] already"),
        ({"name": "../tw"}, "name: expected 1 to 32 lower-case letters, digits and hyphens"),
        ({"account_sid": "AC1"}, "account_sid: expected AC and 32 lower-case hex digits"),
        ({"auth_token": ""}, "auth_token[0]: is empty"),
        ({"api_url": "http://api.twilio.com"}, "api_url: must be https"),
        ({"app_secret": "s"}, "app_secret: is no setting of a channel at twilio"),
        ({"contents": {"viewing_soon": _CONTENT}}, "contents: expected a template's name and language"),
        ({"contents": {"viewing_soon/farsi": _CONTENT}}, "contents: expected a template's name and language"),
        (
            {"contents": {"viewing_soon/fa": "HX1"}},
            "contents.'viewing_soon/fa': expected HX and 32 lower-case hex digits",
        ),
    ],
)
def test_a_bad_channel_at_twilio_is_told_by_its_path(start, change, fault):
    second = TWILIO | {"name": "tw2", "id": "whatsapp:+14155238887"} | change
    assert only_fault(start, [], [TWILIO, second], PUBLIC).startswith(f"channels[1].{fault}")


def test_a_token_of_twilio_may_come_by_the_channels_name_or_from_files(tmp_path):
    (tmp_path / "old").write_text("before\n")
    (tmp_path / "new").write_text("after\n")
    head = f'data_dir = "{tmp_path}"\n{PUBLIC}\n[[channels]]\n'
    plain = "\n".join(f"{key} = {json.dumps(value)}" for key, value in TWILIO.items() if key != "auth_token")
    file = tmp_path / "majlis.toml"
    file.write_text(head + plain)
    [channel] = load(config=file, environ={"MAJLIS_CHANNELS_TWILIO_TW1_AUTH_TOKEN": "given"}).channels
    assert [token.reveal() for token in channel.auth_token] == ["given"]
    file.write_text(head + plain + '\nauth_token_file = ["new", "old"]')
    [channel] = load(config=file, environ={}).channels
    assert [token.reveal() for token in channel.auth_token] == ["after", "before"]


@pytest.mark.parametrize("missing", ["name", "id", "account_sid", "auth_token", "api_url"])
def test_a_channel_at_twilio_needs_all_that_it_works_with(start, missing):
    channel = {key: value for key, value in TWILIO.items() if key != missing}
    assert only_fault(start, [], [channel], PUBLIC).startswith(f"channels[0].{missing}: is missing")


def test_a_channel_at_twilio_names_the_content_of_each_template_and_language(start):
    contents = {"viewing_soon/fa": _CONTENT, "viewing_soon/pt_BR": _CONTENT}
    [channel] = start([], [TWILIO | {"contents": contents}], PUBLIC).channels
    assert channel.contents == contents
    fault = only_fault(start, [], [CHANNEL | {"contents": contents}])
    assert fault == "channels[0].contents: is no setting of a channel at meta"


def test_a_channel_at_meta_takes_no_setting_of_twilios(start):
    fault = only_fault(start, [], [CHANNEL | {"name": "m1"}])
    assert fault == "channels[0].name: is no setting of a channel at meta"


@pytest.mark.parametrize(
    ("head", "fault"),
    [
        ("", "is missing: Twilio signs the URL under which it reaches us"),
        ('[server]\npublic_url = "bot.example.com"', "expected https://host/path"),
        ('[server]\npublic_url = "http://bot.example.com"', "must be https"),
        ('[server]\npublic_url = "https://bot.example.com?x=1"', "expected https://host/path"),
        ('[server]\npublic_url = "https://bot.example.com:"', "expected https://host/path"),
        ('[server]\npublic_url = "https://.."', "expected https://host/path"),
        ('[server]\npublic_url = "https://bot.example.com/webhooks/twilio/tw1"', "ends before /webhooks"),
    ],
)
def test_twilio_needs_a_public_url_that_it_can_sign(start, head, fault):
    assert only_fault(start, [], [TWILIO], head).startswith(f"server.public_url: {fault}")


WAHA = {
    "provider": "waha",
    "name": "wa1",
    "id": "default",
    "hmac_key": "h",
    "api_key": "k",
    "api_url": "http://waha:3000",
}


def test_a_channel_at_waha_is_a_session_at_a_server_of_ones_own_and_keeps_a_persons_pace(start):
    other = WAHA | {"name": "wa2", "api_url": "http://10.0.0.7:3000", "max_mps": 5}
    one, two = start([], [WAHA, other]).channels  # both sessions are called "default"
    assert (one.key, one.max_mps, len(one.secrets)) == ("waha:wa1", 2, 2)
    assert (two.key, two.max_mps) == ("waha:wa2", 5)


@pytest.mark.parametrize("host", ["waha", "waha.svc", "waha.prod.svc.cluster.local", "10.1.2.3", "[fd00::1]"])
def test_waha_may_be_asked_over_plain_http_on_a_private_network(start, host):
    [channel] = start([], [WAHA | {"api_url": f"http://{host}:3000"}]).channels
    assert host in channel.api_url


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"id": "my session"}, "id: expected the name of a session of WAHA's, such as default"),
        ({"id": "default"}, "id: waha:default at http://waha:3000 is taken by channels[0] already"),
        ({"id": "default", "api_url": "http://WAHA:3000/"}, "id: waha:default at http://waha:3000 is taken"),
        ({"name": "wa1"}, "name: waha:wa1 is taken by channels[0] already"),
        ({"hmac_key": []}, "hmac_key: expected array of length >= 1"),
        ({"hmac_key": 5}, "hmac_key[0]: expected a string"),
        ({"hmac_key": ["a", ""]}, "hmac_key[1]: is empty"),
        ({"api_key": ""}, "api_key: is empty"),
        ({"api_key": "kéy"}, "api_key: has characters that no HTTP header can carry"),
        ({"api_url": "http://waha.example.com"}, "api_url: must be https"),
        ({"api_url": "http://8.8.8.8:3000"}, "api_url: must be https"),
        ({"api_url": "http://1:3000"}, "api_url: must be https"),
        ({"api_url": "http://waha.local.example.com"}, "api_url: must be https"),
        ({"auth_token": "t"}, "auth_token: is no setting of a channel at waha"),
        ({"verify_token": "t"}, "verify_token: is no setting of a channel at waha"),
    ],
)
def test_a_bad_channel_at_waha_is_told_by_its_path(start, change, fault):
    second = WAHA | {"name": "wa2", "id": "second"} | change
    assert only_fault(start, [], [WAHA, second]).startswith(f"channels[1].{fault}")


@pytest.mark.parametrize("missing", ["name", "id", "hmac_key", "api_key", "api_url"])
def test_a_channel_at_waha_needs_all_that_it_works_with(start, missing):
    channel = {key: value for key, value in WAHA.items() if key != missing}
    assert only_fault(start, [], [channel]).startswith(f"channels[0].{missing}: is missing")


@pytest.mark.parametrize("missing", ["provider", "id", "app_secret", "verify_token", "access_token"])
def test_a_channel_needs_its_secrets(start, missing):
    channel = {key: value for key, value in CHANNEL.items() if key != missing}
    assert only_fault(start, [], [channel]).startswith(f"channels[0].{missing}: is missing")


@pytest.mark.parametrize("url", ["http://127.0.0.1:8082/v23.0", "http://localhost", "http://[::1]:80/x"])
def test_plain_http_is_for_loopback(start, url):
    assert start([], [CHANNEL | {"api_url": url}]).channels[0].api_url == url


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "", None, "localhost.evil.com", "10.0.0.1", "127.1", "2130706433"],  # noqa: S104
)
def test_what_is_not_surely_loopback_is_not(host):
    assert not is_loopback(host)


def test_a_system_without_time_zones_cannot_refuse_one(start, monkeypatch):
    monkeypatch.setattr("zoneinfo.available_timezones", set)
    assert start([TENANT | {"timezone": "Asia/Nowhere"}]).tenants[0].timezone == "Asia/Nowhere"


# -- the demo


def test_the_demo_has_tenants_in_four_languages_and_24_numbers(start):
    settings = start(demo=True)
    assert settings.demo
    assert [tenant.default_language for tenant in settings.tenants[:5]] == ["en", "en", "ar", "ru", "fa"]
    assert [tenant.id for tenant in settings.tenants if tenant.status == "suspended"] == [6]
    assert len(settings.channels) == 24
    assert settings.channels[0].key == "meta:100200300400500"
    assert [channel.tenant for channel in settings.channels[:3]] == [None, None, "palm-estates"]
    assert {channel.api_url for channel in settings.channels} == {"http://127.0.0.1:8082/v23.0"}


def test_demo_secrets_are_drawn_once_and_readable_by_their_owner_alone(start, tmp_path):
    first = start(demo=True)
    file = tmp_path / "data" / FILE_NAME
    written = file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert start(demo=True) == first
    assert file.read_bytes() == written
    assert [entry.name for entry in file.parent.iterdir()] == [FILE_NAME]
    drawn = demo_secrets(file.parent)
    assert drawn.app_secret not in repr(drawn)
    assert first.channels[0].app_secret[0].reveal() == drawn.app_secret
    assert demo_secrets(tmp_path / "another") != drawn


def test_processes_that_start_at_once_agree_on_the_demo_secrets(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        drawn = list(pool.map(demo_secrets, [tmp_path / "data"] * 64))
    assert len({secrets.app_secret for secrets in drawn}) == 1


def test_a_channel_of_the_user_s_in_the_demo_keeps_its_own_secrets(start, tmp_path):
    own = {"provider": "meta", "id": "1", "app_secret": "mine", "api_url": "http://127.0.0.1:9/"}
    (channel,) = start([], [own], demo=True).channels
    assert channel.app_secret[0].reveal() == "mine"
    assert channel.access_token.reveal() == demo_secrets(tmp_path / "data").access_token


@pytest.mark.parametrize(
    ("head", "channels", "path"),
    [
        ('[server]\nhost = "0.0.0.0"', [], "server.host"),
        ('[server]\nadmin_host = "::"', [], "server.admin_host"),
        ("", [CHANNEL], "channels[0].api_url"),
    ],
)
def test_the_demo_is_loopback_only(start, head, channels, path):
    fault = only_fault(start, [], channels, head, demo=True)
    assert fault.startswith(f"{path}: the demo is loopback only, and ")
    assert not start([], channels, head).demo


@pytest.mark.parametrize("content", [b"", b"{}", b'{"app_secret":"hunter2"}', b"\xff"])
def test_a_spoilt_file_of_demo_secrets_is_told_by_name(start, tmp_path, content):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / FILE_NAME).write_bytes(content)
    fault = only_fault(start, demo=True)
    assert f"{FILE_NAME} does not hold demo secrets; remove it" in fault
    assert "hunter2" not in fault


def test_a_data_directory_that_cannot_hold_the_demo_secrets_is_told_by_name(start, tmp_path):
    (tmp_path / "data").write_text("a file where the directory should be")
    assert only_fault(start, demo=True).startswith("data_dir: cannot keep the demo secrets in ")


# -- the brain

MODEL = '[brain]\nprovider = "openai"\nbase_url = "http://127.0.0.1:1/v1"\nmodel = "m"\n'


@pytest.mark.parametrize(
    ("head", "fault"),
    [
        ('[brain]\nprovider = "openai"\nmodel = "m"', "brain.base_url: is missing"),
        ('[brain]\nprovider = "openai"\nbase_url = "https://a.example/v1"', "brain.model: is missing"),
        (MODEL.replace("http://127.0.0.1:1", "http://a.example"), "brain.base_url: must be https"),
        (MODEL.replace("http://127.0.0.1:1", "a.example"), "brain.base_url: expected https://host/path"),
        (MODEL + 'transcription_url = "http://a.example"', "brain.transcription_url: must be https"),
        (MODEL + 'api_key = "ключ"', "brain.api_key: has characters that no HTTP header can carry"),
        (MODEL + "daily_budget = 1.0\ninput_price = 0\noutput_price = 0", "brain.daily_budget: would never"),
        (MODEL + "daily_budget = -1.0", "brain.daily_budget: expected"),
        (MODEL + "timeout = 0", "brain.timeout: expected"),
        ('[brain]\nprovider = "gpt"', "brain.provider: must be one of rules, openai"),
    ],
)
def test_a_model_that_is_half_configured_is_a_fault_that_names_the_setting(start, head, fault):
    assert fault in only_fault(start, head=head)


def test_the_key_of_a_model_may_be_missing_or_in_a_file_and_is_never_shown(start, tmp_path):
    assert not start(head=MODEL).brain.api_key
    (tmp_path / "key").write_text("sk-of-the-tests\n")
    settings = start(head=MODEL + 'api_key_file = "key"')
    assert settings.brain.api_key.reveal() == "sk-of-the-tests"
    assert "sk-of" not in repr(settings) + render_toml(show(settings))
    environ = {"MAJLIS_DATA_DIR": str(tmp_path), "MAJLIS_BRAIN_API_KEY_FILE": str(tmp_path / "key")}
    assert load(environ=environ).brain.api_key == settings.brain.api_key


def test_the_demo_asks_no_model_but_one_on_loopback(start):
    assert start(head=MODEL, demo=True).brain.provider == "openai"
    far = MODEL.replace("http://127.0.0.1:1", "https://a.example")
    assert "the demo is loopback only" in only_fault(start, head=far, demo=True)
