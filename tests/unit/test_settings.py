"""Where settings come from, who wins, and how a fault is told."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import config
from config import SettingsError, load
from config.layers import leaves

CHANNEL = """
[[channels]]
provider = "meta"
id = "100200300400500"
app_secret = "s1"
verify_token = "v"
access_token = "a"
"""
VARIABLE = "MAJLIS_CHANNELS_META_100200300400500_"


@pytest.fixture
def majlis(tmp_path: Path):
    """Load settings from a text of TOML and variables, without the environment of the test run."""

    def start(
        toml: str = "", environ: Mapping[str, str] | None = None, *, demo: bool = False, **flags: object
    ) -> config.Settings:
        file = tmp_path / "majlis.toml"
        file.write_text(toml)
        variables = {"MAJLIS_DATA_DIR": str(tmp_path / "data")} | dict(environ or {})
        dotted = {name.replace("__", "."): value for name, value in flags.items()}
        return load(config=file, environ=variables, flags=dotted, demo=demo)

    return start


def faults(majlis, *args, **kwargs) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        majlis(*args, **kwargs)
    return str(caught.value).splitlines()


# -- layers


def test_default_toml_says_every_default_and_the_structs_say_the_same():
    table = tomllib.loads(Path(config.__file__).with_name("default.toml").read_text())
    told = {(key, name) for key, value in table.items() if isinstance(value, dict) for name in value}
    told |= {(key,) for key, value in table.items() if not isinstance(value, dict)}
    assert told == {path for path, _ in leaves()} - {("data_dir",)}
    assert load(environ={"MAJLIS_DATA_DIR": "/d"}) == config.Settings(data_dir=Path("/d"))


def test_flags_beat_environment_beats_toml_beats_defaults(majlis):
    toml, environ = "[server]\nport = 1111", {"MAJLIS_SERVER_PORT": "2222"}
    assert majlis().server.port == 8080
    assert majlis(toml).server.port == 1111
    assert majlis(toml, environ).server.port == 2222
    assert majlis(toml, environ, server__port=3333).server.port == 3333
    assert majlis(toml, environ, server__port=None).server.port == 2222


def test_a_layer_changes_only_the_keys_it_names(majlis):
    settings = majlis("[server]\nport = 1111", {"MAJLIS_SERVER_ADMIN_PORT": "2222"}, node__lease_ttl=7)
    assert (settings.server.port, settings.server.admin_port) == (1111, 2222)
    assert settings.node.lease_ttl == 7.0
    assert isinstance(settings.node.lease_ttl, float)


@given(st.data())
def test_any_setting_from_any_layers_has_the_value_of_the_highest(tmp_path_factory, data: st.DataObject):
    port = st.none() | st.integers(1, 65535).filter(lambda port: port != 8081)
    by_file, by_variable, by_flag = data.draw(port), data.draw(port), data.draw(port)
    file = tmp_path_factory.getbasetemp() / "layers.toml"
    file.write_text(f"[server]\nport = {by_file}" if by_file else "")
    environ = {"MAJLIS_DATA_DIR": "/d", "MAJLIS_CONFIG": str(file)}
    if by_variable:
        environ["MAJLIS_SERVER_PORT"] = str(by_variable)
    settings = load(environ=environ, flags={"server.port": by_flag})
    assert settings.server.port == (by_flag or by_variable or by_file or 8080)


def test_majlis_config_names_the_file_and_the_flag_wins_over_it(tmp_path: Path):
    one, two = tmp_path / "one.toml", tmp_path / "two.toml"
    one.write_text('data_dir = "/one"')
    two.write_text('data_dir = "/two"')
    assert load(environ={"MAJLIS_CONFIG": str(one)}).data_dir == Path("/one")
    assert load(config=two, environ={"MAJLIS_CONFIG": str(one)}).data_dir == Path("/two")


def test_without_an_environ_the_process_environment_counts(monkeypatch):
    monkeypatch.setenv("MAJLIS_DATA_DIR", "/from/process")
    assert load().data_dir == Path("/from/process")


@pytest.mark.parametrize(
    ("uid", "environ", "expected"),
    [
        (0, {"HOME": "/root"}, "/var/lib/majlis"),
        (1000, {"HOME": "/home/x"}, "/home/x/.local/share/majlis"),
        (1000, {"HOME": "/home/x", "XDG_DATA_HOME": "/xdg"}, "/xdg/majlis"),
        (1000, {"HOME": "/home/x", "MAJLIS_DATA_DIR": "~/m"}, "/home/x/m"),
    ],
)
def test_the_data_directory_is_per_user(monkeypatch, uid, environ, expected):
    monkeypatch.setattr("os.geteuid", lambda: uid)
    assert load(environ=environ).data_dir == Path(expected)


def test_no_home_directory_is_a_named_fault_and_a_relative_one_counts_from_here(monkeypatch, tmp_path):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(SettingsError, match=r"^data_dir: .*MAJLIS_DATA_DIR"):
        load(environ={})
    monkeypatch.chdir(tmp_path)
    assert load(environ={"MAJLIS_DATA_DIR": "here"}).data_dir == tmp_path / "here"


def test_children_inherit_no_setting_and_no_secret():
    mine = {
        "PATH": "/bin",
        "HOME": "/h",
        "LC_ALL": "C",
        "TZ": "UTC",
        "MAJLIS_POSTGRES_URL": "x",
        "AWS_SECRET": "y",
    }
    assert config.child_environment(mine) == {"PATH": "/bin", "HOME": "/h", "LC_ALL": "C", "TZ": "UTC"}


# -- faults


@pytest.mark.parametrize(
    ("toml", "fault"),
    [
        ("[server]\nprot = 1", "server.prot: unknown setting (did you mean server.port?)"),
        ("port = 1", "port: unknown setting (did you mean server.port?)"),
        ("[sever]\nport = 1", "sever: unknown setting (did you mean server?)"),
        ("demo = true", "demo: is a flag, not a setting: start with --demo"),
        ('[server]\nport = "80"', "server.port: expected int, got str"),
        ("[server]\nport = true", "server.port: expected int, got bool"),
        ("[server]\nport = 70000", "server.port: expected int <= 65535"),
        ("[server]\nport = -1", "server.port: expected int >= 0"),
        ("[server]\nhost = ''", "server.host: expected a host name or an address of this machine"),
        ("[node]\nlease_ttl = nan", "node.lease_ttl: expected float > 0.0"),
        ("[node]\nlease_ttl = inf", "node.lease_ttl: expected float <= 3600.0"),
        ("server = 3", "server: expected a table of settings"),
        ("tenants = 3", "tenants: expected an array of tables, [[tenants]]"),
        ("tenants = [3]", "tenants[0]: expected a table of settings"),
        ('log_level = "inf"',
         "log_level: must be one of debug, info, warning, error (did you mean info?)"),
        ("[postgres]\nurl = 'localhost'",
         "postgres.url: expected postgresql://user:password@host:port/database, or nothing for embedded"),
        ("[redis]\nurl = 'http://h'",
         "redis.url: expected redis://user:password@host:port/number, or nothing for embedded"),
        ("[server]\nadmin_port = 8080",
         "server.admin_port: must differ from server.port: the admin listener is never public"),
    ],
)  # fmt: skip
def test_a_bad_key_or_value_is_told_by_its_path(majlis, toml, fault):
    assert faults(majlis, toml) == [fault]


@pytest.mark.parametrize("given", ["3", '""', '"a\\u0000b"', "['/d']"])
def test_a_data_directory_that_is_no_path_is_told(tmp_path, given):
    file = tmp_path / "majlis.toml"
    file.write_text(f"data_dir = {given}")
    with pytest.raises(SettingsError, match=r"^data_dir: (expected a string|is not a path)$"):
        load(config=file, environ={"HOME": "/h"})
    with pytest.raises(SettingsError, match=r"^data_dir \(MAJLIS_DATA_DIR\): is not a path$"):
        load(environ={"MAJLIS_DATA_DIR": "", "HOME": "/h"})


def test_a_variable_above_does_not_hide_that_its_section_is_no_table(majlis):
    assert faults(majlis, "server = 3", {"MAJLIS_SERVER_PORT": "80"}) == [
        "server: expected a table of settings"
    ]


def test_an_uncertain_wait_must_outlast_the_send(majlis):
    (fault,) = faults(majlis, "[node]\nsend_timeout = 20.0")
    assert fault.startswith("node.uncertain_wait: must exceed node.send_timeout (20 s)")
    assert majlis("[node]\nsend_timeout = 19.9").node.uncertain_wait == 20.0


def test_unknown_variables_and_flags_are_faults_with_a_hint(majlis):
    environ = {"MAJLIS_SERVER_PROT": "1", "MAJLIS_DEMO": "1", "OTHER": "1"}
    told = faults(majlis, "", environ, server__prt=1)
    assert told[0] == "MAJLIS_SERVER_PROT: unknown setting (did you mean MAJLIS_SERVER_PORT?)"
    assert told[1].startswith("MAJLIS_DEMO: unknown setting")
    assert told[2] == "server.prt: unknown setting (did you mean server.port?)"


def test_a_bad_variable_is_told_by_path_and_variable(majlis):
    environ = {"MAJLIS_SERVER_PORT": "x", "MAJLIS_NODE_LEASE_TTL": "0", "MAJLIS_LOG_LEVEL": "loud"}
    assert faults(majlis, "", environ) == [
        "server.port (MAJLIS_SERVER_PORT): expected int",
        "node.lease_ttl (MAJLIS_NODE_LEASE_TTL): expected float > 0.0",
        "log_level (MAJLIS_LOG_LEVEL): must be one of debug, info, warning, error",
    ]


def test_faults_are_told_together(majlis):
    told = faults(majlis, "[server]\nport = 'x'\n[node]\nlease = 1", {"MAJLIS_REDIS_POOL_SIZE": "0"})
    assert [line.partition(":")[0].split(" ")[0] for line in told] == [
        "redis.pool_size",
        "server.port",
        "node.lease",
    ]


@pytest.mark.parametrize(
    "content", [b"a = ", b"\xff", b"a = " + b"[" * 20_000, b"a = " + b"9" * 5000, b"#" * (5 * 1024 * 1024)]
)
def test_what_is_no_toml_is_told_by_the_file_s_name(tmp_path, content):
    file = tmp_path / "bad.toml"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=r"bad.toml: is "):
        load(config=file, environ={"HOME": "/h"})


def test_a_file_that_is_not_there_is_told_by_name(tmp_path):
    for missing in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(SettingsError, match=f"{missing}: cannot be read: "):
            load(environ={"MAJLIS_CONFIG": str(missing), "HOME": "/h"})


@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda v: st.dictionaries(st.text(), v))
)
def test_flags_of_any_value_give_settings_or_a_settings_error(value: object):
    try:
        settings = load(environ={"MAJLIS_DATA_DIR": "/d"}, flags={"node.lease_ttl": value})
    except SettingsError:
        return
    assert 0 < settings.node.lease_ttl <= 3600


# -- secrets from files and variables


def test_secrets_come_from_files_beside_the_toml(majlis, tmp_path):
    for name, text in {
        "new": "n1\n",
        "old": "o1\r\n",
        "verify": "v1",
        "dsn": "postgresql://u:p@h/d\n",
    }.items():
        (tmp_path / name).write_text(text)
    settings = majlis("""
        postgres.url_file = "dsn"
        [[channels]]
        provider = "meta"
        id = "1"
        app_secret_file = ["new", "old"]
        verify_token_file = "verify"
        access_token = "a1"
    """)
    (channel,) = settings.channels
    assert [secret.reveal() for secret in channel.app_secret] == ["n1", "o1"]
    assert (channel.verify_token.reveal(), channel.access_token.reveal()) == ("v1", "a1")
    assert settings.postgres.url == "postgresql://u:p@h/d"


def test_secrets_come_from_variables_and_the_files_they_name(majlis, tmp_path):
    (tmp_path / "secret").write_text("from-file\n")
    (tmp_path / "dsn").write_text("redis://:p@h/0\n")
    environ = {
        f"{VARIABLE}APP_SECRET_FILE": str(tmp_path / "secret"),
        f"{VARIABLE}ACCESS_TOKEN": "from-variable",
        "MAJLIS_REDIS_URL_FILE": str(tmp_path / "dsn"),
    }
    settings = majlis(CHANNEL, environ)
    (channel,) = settings.channels
    assert [secret.reveal() for secret in channel.app_secret] == ["from-file"]
    assert (channel.access_token.reveal(), channel.verify_token.reveal()) == ("from-variable", "v")
    assert settings.redis.url == "redis://:p@h/0"


def test_a_bare_name_is_a_credential_where_there_is_one_else_a_file_beside_the_toml(majlis, tmp_path):
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    for place, name, text in (
        (credentials, "token", "as-credential"),
        (tmp_path, "token", "beside"),
        (tmp_path, "verify", "v-beside"),
        (credentials, "dsn", "redis://:p@h/0"),
    ):
        (place / name).write_text(text)
    toml = """
        [[channels]]
        provider = "meta"
        id = "1"
        app_secret_file = ["token", "./token"]
        verify_token_file = "verify"
        access_token_file = "token"
    """
    inside = majlis(toml, {"CREDENTIALS_DIRECTORY": str(credentials), "MAJLIS_REDIS_URL_FILE": "dsn"})
    (channel,) = inside.channels
    assert [secret.reveal() for secret in channel.app_secret] == ["as-credential", "beside"]
    assert (channel.verify_token.reveal(), channel.access_token.reveal()) == ("v-beside", "as-credential")
    assert inside.redis.url == "redis://:p@h/0"
    (channel,) = majlis(toml).channels
    assert channel.access_token.reveal() == "beside"


def test_several_app_secrets_stand_in_a_list_while_one_is_rotated(majlis):
    (channel,) = majlis(CHANNEL.replace('"s1"', '["s2", "s1"]')).channels
    assert [secret.reveal() for secret in channel.app_secret] == ["s2", "s1"]


def test_faults_of_secrets_name_the_place_and_never_the_text(majlis, tmp_path):
    (tmp_path / "hollow").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\x00")
    toml = """
        [postgres]
        url = "hunter2://hunter2"
        [redis]
        url_file = "absent"
        [[channels]]
        provider = "meta"
        id = "1"
        app_secret = "hunter2"
        app_secret_file = "hollow"
        verify_token_file = "hollow"
        access_token_file = 3
        [[channels]]
        provider = "meta"
        id = "2"
        app_secret = ["hunter2", 3]
        verify_token = "hunter2\\n"
        access_token = "***"
    """
    text = "\n".join(faults(majlis, toml, {"MAJLIS_POSTGRES_URL": "h", "MAJLIS_POSTGRES_URL_FILE": "/h"}))
    expected = """
        redis.url_file: /
        absent cannot be read: No such file
        channels[0].app_secret_file: app_secret is given
        channels[0].verify_token_file: /
        hollow is empty
        channels[0].access_token_file: expected the path
        MAJLIS_POSTGRES_URL_FILE: MAJLIS_POSTGRES_URL is set as well
        channels[1].app_secret[1]: expected a string
        channels[1].verify_token: must be printable
        channels[1].access_token: is the mask
    """
    for part in expected.strip().splitlines():
        assert part.strip() in text
    assert "hunter2" not in text


def test_a_secret_s_variable_for_a_channel_that_is_not_there_is_unknown(majlis):
    (fault,) = faults(majlis, CHANNEL, {"MAJLIS_CHANNELS_META_999_APP_SECRET": "hunter2"})
    assert fault.startswith("MAJLIS_CHANNELS_META_999_APP_SECRET: unknown setting")


def test_settings_are_frozen(majlis):
    with pytest.raises(AttributeError):
        majlis().server.port = 1
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"prot": 1}, config.Server)
