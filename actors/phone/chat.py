"""The phone at work: what is typed goes out, what the provider got appears, and /kill is a real `kill -9`.

On a terminal nothing waits for an answer; lines from a script are sent one by one, each when the reply to the one before
has come, or none is due.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import trio

from actors.channels.fake_graph import Sent
from actors.phone.envelope import Person, fresh_id, person_named, picked, text
from actors.phone.line import Line, Message, NoConnection
from actors.phone.numbers import NoSuchNumber, called, choose
from actors.phone.screen import Option, Order, Pick, Say, show, understand
from actors.phone.terminal import Terminal
from config import Channel, Settings
from runtime.testing import OPEN

HELP = """\
  TEXT            send it
  NUMBER          pick from the last message, if it has choices
  /kill [TEXT]    send TEXT (or the next message), kill -9 the server while the reply is due, and start it again
  /as NAME        be another person, who has another phone
  /numbers        the business numbers; /number ID|shared|own|TENANT writes to another one
  /link ID        send the deep link TENANT_ID
  /help  /quit"""

_WITH_A_WORD = frozenset({"as", "link", "number", "channel"})
_POST = 15.0  # seconds until a message must be stored
_PATIENCE = 1.0  # seconds without a reply before the books are read whether one is due
_LOOK = 0.3


class Server(Protocol):
    """The server of a chat's own."""

    @property
    def pid(self) -> int:
        """Its process id."""

    async def kill(self) -> None:
        """End it as `kill -9` does."""

    async def start(self, within: float) -> object:
        """Start it and wait until it serves."""


class _Due:
    """A reply that is awaited."""

    def __init__(self, person: Person, channel: str) -> None:
        self.person = person
        self.channel = channel
        self.came = trio.Event()


class Chat:
    """One phone, several people, over a line. `server` None: it is another's, and is not to be killed."""

    def __init__(
        self, settings: Settings, line: Line, terminal: Terminal, server: Server | None, *, timeout: float
    ) -> None:
        self._settings = settings
        self._line = line
        self._terminal = terminal
        self._server = server
        self._timeout = timeout
        self._person = person_named("me")
        self._people = {self._person.number: self._person}
        self._channel = choose(settings)
        self._options: dict[tuple[str, str], Sequence[Option]] = {}
        self._due: dict[str, _Due] = {}
        self._arrived: dict[str, list[float]] = {}
        self._news = trio.Event()
        self._kill_next = False

    async def run(self) -> None:
        """Talk until the end of the input or /quit. Raises NoConnection when the provider is gone."""
        after = await self._line.last()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._listen, after)
            self._prompt()
            async for typed in self._terminal.lines():
                if not await self._take(typed):
                    break
            self._terminal.prompt("")
            nursery.cancel_scope.cancel()

    # ── what arrives ──────────────────────────────────────────────────

    async def _listen(self, after: int) -> None:
        while True:
            for sent in (page := await self._line.heard(after)).sends:
                self._hear(sent)
            after = page.sends[-1].index if page.sends else after

    def _hear(self, sent: Sent) -> None:
        person = self._people.get(sent.to)
        if person is None:
            return
        self._arrived.setdefault(sent.effect, []).append(trio.current_time())
        shown = show(sent.content(), self._line.files)
        self._options[person.number, sent.channel] = shown.options
        channel = next((one for one in self._settings.channels if one.id == sent.channel), self._channel)
        head = called(self._settings, channel) + (f" -> {person.name}" if len(self._people) > 1 else "")
        self._terminal.say(f"{head}: {shown.text()}")
        for message, due in list(self._due.items()):
            if sent.quoted == message or (
                not sent.quoted and (due.person, due.channel) == (person, sent.channel)
            ):
                due.came.set()
        self._news.set()
        self._news = trio.Event()

    # ── what is typed ─────────────────────────────────────────────────

    async def _take(self, typed: str) -> bool:
        """Do what a line says; False ends the chat."""
        meant = understand(typed, self._options.get((self._person.number, self._channel.id), ()))
        try:
            match meant:
                case Order("quit" | "q" | "exit"):
                    return False
                case Order():
                    await self._obey(meant)
                case Say(words):
                    await self._send(words, text(words))
                case Pick(option):
                    self._options.pop((self._person.number, self._channel.id), None)
                    await self._send(f"[{option.title}]", picked(option))
        except (NoConnection, NoSuchNumber) as fault:
            self._terminal.say(f"  {fault}")
        self._prompt()
        return True

    async def _obey(self, order: Order) -> None:
        match order.name, order.rest:
            case "kill", words:
                self._kill_next = self._may_kill()
                if self._kill_next and words:
                    await self._send(words, text(words))
                elif self._kill_next:
                    self._terminal.say("  the next message will meet a kill -9")
            case "link", tenant if tenant:
                await self._send(f"TENANT_{tenant}", text(f"TENANT_{tenant}"))
            case "as", name if name:
                self._person = person_named(name[:64])
                self._people[self._person.number] = self._person
            case (("number" | "channel"), wanted) if wanted:
                self._channel = choose(self._settings, wanted)
                self._terminal.say(f"  writing to {self._called(self._channel)}")
            case "numbers", _:
                self._terminal.say("\n".join(f"  {self._called(n)}" for n in self._settings.channels))
            case "help", _:
                self._terminal.say(HELP)
            case name, _:
                fault = "needs a word behind it" if name in _WITH_A_WORD else "is not understood"
                self._terminal.say(f"  /{name} {fault}; /help says more")

    def _called(self, number: Channel) -> str:
        return f"{number.id}  {called(self._settings, number)}"

    def _may_kill(self) -> bool:
        if self._server is None:
            self._terminal.say(
                "  this chat did not start the server that it talks to, so it does not kill it"
            )
        return self._server is not None

    async def _send(self, words: str, part: Mapping[str, object]) -> None:
        if not self._terminal.interactive:
            self._terminal.say(f"{self._person.name}: {words}")
        message = fresh_id()
        due = self._due[message] = _Due(self._person, self._channel.id)
        try:
            stored = await self._line.post(self._person, self._channel, part, message=message, within=_POST)
            if self._kill_next and self._server is not None:
                self._kill_next = False
                await self._kill(self._server, stored)
            elif not self._terminal.interactive:
                await self._wait(due, stored)
        finally:
            del self._due[message]

    async def _wait(self, due: _Due, message: Message) -> None:
        """Wait for the reply, or for the news that none is due, and say so if it does not come."""
        with trio.move_on_after(self._timeout):
            while True:
                with trio.move_on_after(_PATIENCE):
                    await due.came.wait()
                    return
                if await self._line.sends_for(message) == {}:
                    self._terminal.say("  (stored and handled; no reply is due)")
                    return
        self._terminal.say(f"  (stored; no reply within {self._timeout:g} s)")

    # ── /kill ─────────────────────────────────────────────────────────

    async def _kill(self, server: Server, message: Message) -> None:
        """Kill the server, to which the message is known and the person not yet answered; say what becomes of it."""
        pid, killed = server.pid, trio.current_time()
        await server.kill()
        self._terminal.say(f"  stored (200); then kill -9 of the server (pid {pid}), with the reply due")
        await server.start(60.0)
        self._terminal.say(f"  it serves again after {trio.current_time() - killed:.1f} s (pid {server.pid})")
        node = self._settings.node
        sends: Mapping[str, str] | None = None
        with trio.move_on_after(node.uncertain_wait + node.send_timeout + 10.0):
            while sends is None or OPEN & set(sends.values()):
                await trio.sleep(_LOOK)
                sends = await self._line.sends_for(message)
            while not sends.keys() <= self._arrived.keys():
                await self._news.wait()
        self._terminal.say(f"  {self._fate(sends, killed)}")

    def _fate(self, sends: Mapping[str, str] | None, killed: float) -> str:
        if sends is None:
            return "the message is stored, but was not handled in time: see the log of the server"
        if not sends:
            return "the message was handled, and no reply is due"
        times = [self._arrived.get(effect, []) for effect in sends]
        if not all(times):
            return "the message was handled, but the reply did not come in time: see the log of the server"
        if max(map(len, times)) > 1:
            return f"the reply came {max(map(len, times))} times"
        last = max(time for arrivals in times for time in arrivals) - killed
        return (
            f"the reply came once, {f'{last:.1f} s after the kill' if last > 0 else 'just before the kill'}"
        )

    def _prompt(self) -> None:
        if self._terminal.interactive:
            self._terminal.prompt(f"{self._person.name}> ")
