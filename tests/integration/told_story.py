"""What is typed on the stage, in order, and what is not and why: together all that README and the runbook tell.

A row has the words as they are told. What they leave open (`CONVERSATION`, `FILE`, a path) is filled in by the stage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Typed:
    """A command, and a pattern of what it says.

    `first` sets the scene; `more` are words for what a bare mention leaves open, or show that it worked; `short` makes a
    long one short; `typed` is its stdin, `of` the conversation that is meant. One that `lasts` goes on until it is
    told to end, which it must do well.
    """

    told: str
    says: str
    first: str = ""
    more: str = ""
    short: Mapping[str, str] = field(default_factory=dict)
    typed: str = ""
    of: str = "well"
    lasts: bool = False

    @property
    def line(self) -> str:
        """What is typed, with its open words."""
        words = self.first + self.told + self.more
        for long, short in self.short.items():
            assert long in words, f"{self.told}: it no longer says {long!r}"
            words = words.replace(long, short)
        return words


_ID = r"c\w{20,}"

#: Beside a server that runs: what only looks, first; what frees conversations, then; the backup, last.
BESIDE: Sequence[Sequence[Typed]] = (
    (
        Typed("majlis doctor --config /etc/majlis.toml", r"(?m)^ok +postgres"),
        Typed("majlis doctor", r"(?m)^ok +serve"),
        Typed(
            "export MAJLIS_CONFIG=/etc/majlis/majlis.toml MAJLIS_DATA_DIR=/var/lib/majlis",
            r"(?m)^phase = serving$",
            first="unset MAJLIS_CONFIG MAJLIS_DATA_DIR; ",
            more=" && majlis status",
        ),
    ),
    (
        Typed("majlis status", r"(?m)^phase = serving$"),
        Typed("majlis reload", r"(?s)tenants = 2.*channels = 2"),
        Typed("majlis tasks", r"(?s)serve.*bridge"),
    ),
    (
        Typed("majlis ps", rf"(?m)^{_ID} .*parked"),
        Typed("majlis ps --waiting --channel meta:100200300400500 --limit 200", r"there are none"),
        Typed("majlis show CONVERSATION", r"(?s)channel = meta:.*event .*turn .*effect "),
    ),
    (
        Typed("majlis psql", r"(?m)^ *majlis$", typed="select 'maj' || 'lis';\n"),
        Typed(
            "majlis psql -- -c 'select ...'",
            r"(?s)count.*\(1 row\)",
            short={"...": "count(*) from conversation"},
        ),
        Typed("majlis config show", r"(?s)\[\[channels\]\].*app_secret = .*\*\*\*"),
    ),
    (
        Typed("majlis config check", r"ok: 2 tenants, 2 channels"),
        Typed("majlis version", r"^majlis \d+\.\d+\.\d+$"),
        Typed("majlis version --full", r"(?s)majlis \d.*trio"),
    ),
    (
        Typed("majlis drill list", r"(?s)sim.*storm|storm.*sim"),
        Typed("majlis COMMAND --help", r"(?s)Usage: majlis ps .*--waiting"),
        Typed("majlis fake-graph", r"fake Graph on http://127", more=" --host HOST --port 0", lasts=True),
        Typed("majlis fake-twilio", r"fake Twilio on http://127", more=" --host HOST --port 0", lasts=True),
        Typed("majlis fake-models", r"fake models: http://127", more=" --host HOST --port 0", lasts=True),
    ),
    (
        Typed("majlis parked list", rf"(?s){_ID}.*ValueError.*{_ID}.*ValueError"),
        Typed("majlis parked show CONVERSATION", r"ValueError", of="stuck"),
        Typed("python tests/benchmarks/turns.py --help", r"--postgres", first="cd CHECKOUT && "),
    ),
    (
        Typed("majlis parked skip CONVERSATION", r"dead letter", of="stuck"),
        Typed("majlis parked replay CONVERSATION", r"replayed", of="to be tried again"),
    ),
    (
        Typed("majlis dead-letters list", r"(?m)^\d+ .*dead"),
        Typed("majlis dead-letters show", r"ValueError|dead", more=" ID"),
        Typed("majlis backup /backup/monday.majlis --verify", r"rows of \d+ tables.*whole"),
    ),
    (Typed("majlis dead-letters replay ID", r"comes again as event 2"),),
    (Typed("tar xf", "", more=" /backup/monday.majlis"),),
    (
        Typed("sha256sum -c SHA256SUMS", r"database.dump: OK"),
        Typed(
            "pg_restore -d NAME database.dump",
            r"^3$",
            more=" && majlis psql -- --dbname NAME -Atc 'select count(*) from conversation'",
        ),
    ),
)

#: When the server has stopped: the backup comes back, over what is there and into an empty database, and is served.
AFTER: Sequence[Sequence[Typed]] = (
    (Typed("majlis restore --replace FILE", r"rows of \d+ tables"),),
    (
        Typed(
            "majlis restore /backup/monday.majlis",
            r"rows of \d+ tables",
            first="export MAJLIS_DATA_DIR=EMPTY; ",
        ),
    ),
)
SERVE = Typed("majlis serve --config /etc/majlis.toml", r'"ready"', lasts=True)

_SMALL = {"--people 1000 ": "--people 20 ", "--messages 10 ": "--messages 3 "}

#: What a developer types in a checkout, beside the demo server.
DEMO = Typed("./dev serve >serve.log 2>&1 &", r"\bready\b")
BESIDE_THE_DEMO: Sequence[Sequence[Typed]] = (
    (Typed("majlis seed demo", r"(?m)^palm-estates: 30 listings"),),
    (
        Typed("majlis leads list", r"", more=" --tenant palm-estates --demo"),
        Typed("majlis leads export leads.csv --tenant palm-estates --bom", r"", more=" --demo"),
        Typed(
            "majlis link --tenant palm-estates --vertical realty --expires 30 --picture realty.png",
            r"https://wa\.me/\d+\?text=MJ-",
            more=" --demo",
        ),
    ),
    (
        Typed(
            "majlis token create",
            r"token = majlis_\S{20,}",
            more=" --tenant palm-estates --scope leads:read --demo",
        ),
        Typed("majlis handoff list", r"", more=" --demo"),
    ),
    (Typed("majlis token list", r"palm-estates", more=" --demo"),),
    (
        Typed('./dev send "Good evening"', r"Welcome to .*Palm Estates"),
        Typed("./dev send --channel shared TENANT_2", r"Marina"),
        Typed("./dev COMMAND", r"(?m)^storm .*database", short={"COMMAND": "drill list"}),
    ),
    (
        Typed("majlis COMMAND", r"Usage: ", more=" --help"),
        Typed("python bin/majlis", r"^majlis \d", first="cd CHECKOUT/.venv && ", more=" version"),
        Typed("./dev majlis COMMAND", r"^majlis \d", short={"COMMAND": "version"}),
        Typed("./dev majlis drill sim", r"(?s)seeds +20\n.*all hold", more=" --seeds 20"),
    ),
    (
        Typed(
            "./dev simulate --people 1000 --messages 10 --channels 20 --duplicates 0.2 --shuffle --batch 50",
            r"(?m)^replied +60\n(?s:.*)verdict +ok",
            short=_SMALL,
        ),
    ),
    (
        Typed(
            """curl -d '{"failures": [{"code": 131026, "times": 1}]}' http://127.0.0.1:8082/_fake/faults""",
            r"131026",
        ),
    ),
)
#: And when that has been stopped: what starts a server of its own, on a data directory of its own or the demo's.
AFTER_THE_DEMO: Sequence[Sequence[Typed]] = (
    (
        Typed(
            "./dev simulate --kills 3 --people 1000 --messages 10 --channels 20 --duplicates 0.2 --shuffle --batch 50",
            r"(?s)killed.*\nreplied +60\n.*verdict +ok",
            short=_SMALL | {"--kills 3 ": "--kills 1 "},
        ),
        Typed(
            "./dev majlis drill sim --seeds 500 --app hello:app",
            r"(?s)seeds +20\n.*all hold",
            short={"500": "20"},
        ),
    ),
    (Typed("./dev chat", r"(?s)You write to.*\nme: hi\n.*Hello!", typed="hi\n/quit\n"),),
    (
        Typed(
            "./dev chat --app hello:app --data-dir /tmp/hello",
            r"What would you like\?",
            typed="hi\n/quit\n",
        ),
    ),
    (
        Typed("./dev serve --app hello:app --data-dir /tmp/hello", r"\bready\b", lasts=True),
        Typed('./dev send --data-dir /tmp/hello "hi"', r"Hello!"),
    ),
    (
        Typed(
            "./dev simulate --deep-links --people 100000 --messages 1 --channels 20 --mps 1000 --concurrency 16 "
            "--deadline 3600 --data-dir /tmp/flood --connections flood.json",
            r"(?s)flood\.json.*\nreplied +60\n.*verdict +ok",
            short={"--people 100000 ": "--people 60 "},
        ),
    ),
)

STORY: Sequence[Typed] = (
    *(row for step in (*BESIDE, *AFTER) for row in step),
    SERVE,
    DEMO,
    *(row for step in (*BESIDE_THE_DEMO, *AFTER_THE_DEMO) for row in step),
)

_BENCHMARKS = (
    "integration/test_benchmarks.py::test_a_benchmark_tells_its_results_and_judges_those_that_have_a_target"
)
_AGENCY = "integration/test_agency_commands.py::"
_LEADS = "integration/test_e2e_leads_api.py::test_leads_are_found_page_by_page_exported_and_ended"
_API = "integration/test_e2e_api.py::test_who_may_not_learns_nothing_and_who_may_takes_over"
_DRILLS = "drills/test_drill_run.py::test_drills_by_name_end_with_a_scorecard_a_report_and_a_page"
#: What is not typed on the stage: the reason, or the test that runs it whole.
ELSEWHERE: Mapping[str, str] = {
    "./dev test": "it runs this very test; `.ci/run` runs it whole",
    "./dev lint": "the other half of `.ci/run`, which runs it whole",
    "./dev test test_hello.py": "unit/test_readme.py::test_a_test_of_readme_passes_and_can_fail",
    "./dev test test_faults.py": "unit/test_readme.py::test_a_test_of_readme_passes_and_can_fail",
    "./dev test tests/unit/test_fact_sheets.py": "the suite runs it",
    "./dev binary": "integration/test_binary.py::test_it_tells_what_it_is_made_of_with_versions_and_licences",
    "SUITE_ROUNDS=12 SUITE_RATE=200 ./dev test -s tests/integration/test_e2e_supervision.py": (
        "integration/test_e2e_supervision.py"
        "::test_poison_hang_and_crash_in_three_of_300_leave_the_others_alone_and_complete_after_the_fix"
    ),
    "./dev majlis drill storm --json storm.json": (
        "integration/test_drill_storm.py::test_ten_thousand_operations_leave_nothing_and_the_command_says_so"
    ),
    "./dev majlis drill run rolling-restart kill --quick --html /tmp/drills.html": _DRILLS,
    "./dev majlis drill run --all --quick --json /tmp/drills.json": f"minutes; {_DRILLS} runs some of them",
    "dist/majlis drill run --all --quick": f"minutes; {_DRILLS} runs some of them, from the checkout",
    "majlis drill run redis-restart --more my_drill:drill --quick": (
        "drills/test_drill_run.py::test_a_drill_of_ones_own_is_thirty_lines_and_runs_as_the_readme_says"
    ),
    "majlis doctor --online": (
        "integration/test_fake_waha.py::test_the_command_serves_and_the_doctor_finds_its_session_well"
    ),
    "majlis fake-waha": "integration/test_fake_waha.py::test_the_command_serves_and_the_doctor_finds_its_session_well",
    "./dev bench": _BENCHMARKS,
    "majlis bench turns known": _BENCHMARKS,
    "majlis import properties homes.csv --tenant palm-estates --dry-run": (
        f"{_AGENCY}test_properties_are_added_then_changed_then_left_alone"
    ),
    "majlis import properties": f"{_AGENCY}test_properties_are_added_then_changed_then_left_alone",
    "majlis import pictures": f"{_AGENCY}test_pictures_go_in_by_the_names_of_their_files_all_or_none",
    "majlis import availability": f"{_AGENCY}test_hours_of_the_operators_named_are_replaced",
    "majlis import closures": (
        f"{_AGENCY}test_closures_take_the_place_of_those_before_and_name_operators_that_exist"
    ),
    "majlis import knowledge": f"{_AGENCY}test_articles_take_the_place_of_those_before",
    "majlis import knowledge articles.csv --tenant palm-estates": (
        f"{_AGENCY}test_articles_take_the_place_of_those_before"
    ),
    "majlis leads show": f"{_AGENCY}test_leads_are_listed_shown_and_exported_for_their_tenant_alone",
    "majlis leads export": f"{_AGENCY}test_leads_are_listed_shown_and_exported_for_their_tenant_alone",
    "majlis link": f"{_AGENCY}test_a_link_is_opaque_leads_to_its_tenant_and_ends",
    "majlis token create --tenant palm-estates --scope leads:read --scope leads:write --label crm --expires 90": _API,
    """curl -H "Authorization: Bearer $TOKEN" 'http://127.0.0.1:8081/api/v1/leads?stage=qualified&score=40'""": _LEADS,
    """curl -H "Authorization: Bearer $TOKEN" -o leads.csv 'http://127.0.0.1:8081/api/v1/leads.csv?bom=true'""": _LEADS,
    """curl -H "Authorization: Bearer $TOKEN" -d '{"stage": "won", "key": "deal-7"}' """
    "http://127.0.0.1:8081/api/v1/leads/7/stage": _LEADS,
    "majlis link --ad": (
        "integration/test_e2e_links.py::test_an_advertisement_that_is_bound_leads_there_once_for_each_click"
    ),
    "majlis token revoke": _API,
    "majlis handoff pause": _API,
    "majlis handoff reply": _API,
    "majlis handoff assign": _API,
    "majlis handoff history": _API,
    "majlis handoff resume": _API,
    "pip wheel --no-deps .": (
        "integration/test_wheel.py::test_it_holds_the_three_packages_with_their_data_and_nothing_else"
    ),
    "pip install 'majlis-0.1.0-py3-none-any.whl[embedded]'": (
        "it needs an index; integration/test_wheel.py::test_it_serves_and_stops installs it beside servers that are there"
    ),
    "scp dist/majlis host:/usr/local/bin/majlis": (
        "there is no other host; integration/test_binary.py::test_it_runs_on_a_minimal_debian_with_an_empty_environment"
    ),
    "majlis serve --report FILE": (
        "integration/test_stopping.py::test_with_nothing_in_hand_a_stop_takes_less_than_half_a_second"
    ),
    "apt-get install postgresql-client": "it changes the machine; a slim binary alone needs it",
    "journalctl -u majlis -n 100 --output cat": (
        "there is no systemd; integration/test_runbook.py reads the log in its place"
    ),
    "systemctl restart majlis": "there is no systemd; integration/test_supervised.py plays it",
    "systemctl status": "there is no systemd; integration/test_supervised.py plays it",
    "kubectl exec deploy/majlis -- majlis doctor": "there is no Kubernetes; `majlis doctor` itself is typed",
    "kubectl logs": "there is no Kubernetes",
    "kill -9": "told not to be typed; integration/test_e2e_simulate.py does it to `serve`",
}
