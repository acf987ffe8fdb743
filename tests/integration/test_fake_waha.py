"""The stand-in for WAHA as a command: it serves, the doctor finds the session there, and an interrupt ends it well."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import httpx
import trio

from actors.channels.fake_waha.server import IDENTITY
from config import child_environment
from tests.integration.world import majlis_command

SETTINGS = """
data_dir = "{data}"
[[channels]]
provider = "waha"
name = "wa1"
id = "default"
hmac_key = "a-key-of-thirty-two-characters-51"
api_key = "another-of-thirty-two-characters-7"
api_url = "http://{place}"
"""


async def test_the_command_serves_and_the_doctor_finds_its_session_well(tmp_path: Path) -> None:
    config, environ = tmp_path / "majlis.toml", child_environment()
    config.write_text(SETTINGS.format(data=tmp_path / "data", place="127.0.0.1:1"))
    command = [*majlis_command(), "fake-waha", "--config", str(config), "--port", "0", "--json"]
    process = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE, env=environ)
    try:
        with trio.fail_after(60):
            assert process.stdout is not None
            place = json.loads(await process.stdout.receive_some())["address"]
            config.write_text(SETTINGS.format(data=tmp_path / "data", place=place))
            async with httpx.AsyncClient(base_url=f"http://{place}", trust_env=False) as client:
                assert (await client.get("/_fake/health")).json()["name"] == IDENTITY
                assert (await client.get("/api/sessions/default")).status_code == 401
            asked = [*majlis_command(), "doctor", "--online", "--json", "--config", str(config)]
            told = await trio.run_process(asked, capture_stdout=True, check=False, env=environ)
            found = {one["name"]: one["status"] for one in json.loads(told.stdout)["findings"]}
            assert found["channels.waha.session"] == found["channels.waha.webhook"] == "ok"
            process.send_signal(signal.SIGINT)
            assert await process.wait() == 0
    finally:
        process.kill()
        with trio.CancelScope(shield=True), trio.fail_after(10):
            await process.wait()


async def test_without_a_channel_of_wahas_there_is_nothing_to_stand_in_for(tmp_path: Path) -> None:
    config = tmp_path / "majlis.toml"
    config.write_text(f'data_dir = "{tmp_path / "data"}"\n')
    command = [*majlis_command(), "fake-waha", "--config", str(config)]
    told = await trio.run_process(command, capture_stderr=True, check=False, env=child_environment())
    assert told.returncode != 0
    assert b'no channel with provider = "waha"' in told.stderr
