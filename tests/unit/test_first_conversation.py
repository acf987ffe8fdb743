"""The first conversation, as transcripts: what a person does (`>`), and the one answer, or silence (`<`).

`> text` is a message, `> (lang:fa)` a choice picked, `> [sample]` one of the provider's samples and `> [kind]` anything
that is not understood, `~ stored` what came of the latest medium, `+ 8 days` lets time pass, `@ number` begins on one of
the numbers below. `< text` is the answer, `...` in it stands for anything; a list below it is `< # title | title`; `< -`
is silence. Every answer must quote the message it answers. Several scenarios may stand in one transcript, each with its
own conversation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest

from actors.conversation.directory import prepare
from actors.conversation.wordless import NO_MESSAGE
from actors.estate import app
from actors.messages import (
    AccountNotice,
    Buttons,
    ChannelFault,
    ChoicePicked,
    Choices,
    ConsentChanged,
    HumanAnswered,
    IdentityChanged,
    MessageEdited,
    MessageReceived,
    MessageRevoked,
    NumberChanged,
    Outgoing,
    Reacted,
    Text,
    Unsupported,
)
from actors.sql import migrations, statement
from runtime import EffectFailed, Event, Failure, UnreadableEvent
from tests.unit.bot_stage import SECRET, Recorder, Stage, plain, settings

TRANSCRIPTS = {
    "a deep link on a shared number is welcomed by name at once, with the languages": """
        @ shared
        > TENANT_2
        < Welcome to Marina Homes! How can we help you? Please choose your language ...
        < # English | فارسی | العربية | Русский
        > I want to buy an apartment
        < Noted: buy, apartment May we know your name?
        < # Skip
        > ok
        < We could not read a name there. ... May we know your name?
        < # Skip
        > Anna
        < Thank you, Anna! What is the property for?
        < # Investment | To live in | Residency visa
    """,
    "a deep link in Persian digits, then Persian": """
        @ shared
        > \\u00a0tenant_۲
        < Welcome to Marina Homes! ...
        < # English | فارسی | العربية | Русский
        > سلام، دنبال آپارتمان هستم
        < یادداشت شد: آپارتمان لطفاً نام خود را برای ما بنویسید.
        < # رد شدن
        > رد کن
        < ملک را برای چه هدفی می‌خواهید؟
        < # سرمایه‌گذاری | سکونت | ویزای اقامت
        > How much is it?
        < The price is set by the owner. ... Now back to our question: What is the property for?
        < # Investment | To live in | Residency visa
    """,
    "each tenant welcomes in its own language": """
        @ shared
        > TENANT_3
        < به خانه کیش خوش آمدید! ...
        < # English | فارسی | العربية | Русский
        @ shared
        > Tenant_٤
        < أهلًا بكم في عقارات نور! ...
        < # English | فارسی | العربية | Русский
        @ shared
        > tenant_5
        < Вас приветствует агентство «Palm»! ...
        < # English | فارسی | العربية | Русский
    """,
    "the same link again leads to where one is, and does not choose a language": """
        @ shared
        > TENANT_5
        < Вас приветствует ...
        < # English | فارسی | العربية | Русский
        > TENANT_5
        < Пожалуйста, выберите, что вам нужно, или просто напишите нам.
        < # Недвижимость | Выставка и события | Поддержка
        > ищу квартиру
        < Записано: квартира Как к вам обращаться?
        < # Пропустить
        > tenant_5
        < Как к вам обращаться?
        < # Пропустить
        > TENANT_5 please
        < Не удалось распознать имя. ... Как к вам обращаться?
        < # Пропустить
    """,
    "coming back from another tenant is welcomed briefly, and the parts never mix": """
        @ shared
        > TENANT_2
        < Welcome to Marina Homes! ...
        < # English | فارسی | العربية | Русский
        > I am looking for a villa
        < Noted: villa May we know your name?
        < # Skip
        > Anna
        < Thank you, Anna! What is the property for?
        < # Investment | To live in | Residency visa
        > TENANT_5
        < Welcome to Palm! How can we help you? Please choose what you need, or simply write to us.
        < # Find a property | Expo and events | Support
        > apartment
        < Noted: apartment May we know your name?
        < # Skip
        > TENANT_2
        < Welcome back to Marina Homes. What is the property for?
        < # Investment | To live in | Residency visa
        > to live in
        < Would you like to buy or to rent?
        < # Buy | Rent
        > TENANT_5
        < Welcome back to Palm. May we know your name?
        < # Skip
    """,
    "words switch nothing": """
        @ shared
        > TENANT_2
        < Welcome to Marina Homes! ...
        < # English | فارسی | العربية | Русский
        > one
        < We did not quite understand. ...
        < # Find a property | Expo and events | Support
        > xTENANT_5
        < We did not quite understand. ...
        < # Find a property | Expo and events | Support
        > TENANT_22abc
        < We did not quite understand. ...
        < # Find a property | Expo and events | Support
        > TENANT_5\\nTENANT_5
        < We did not quite understand. ...
        < # Find a property | Expo and events | Support
        > Palm
        < Noted: Palm Jumeirah May we know your name?
        < # Skip
        > my russian friend speaks english
        < We could not read a name there. ... May we know your name?
        < # Skip
    """,
    "a language picked from the list is confirmed and kept against what is written later": """
        @ shared
        > TENANT_2
        < Welcome to Marina Homes! ...
        < # English | فارسی | العربية | Русский
        > (lang:fa)
        < از این پس به زبان فارسی برای شما می‌نویسیم. لطفاً آنچه را نیاز دارید انتخاب کنید یا همین‌جا برای ما بنویسید.
        < # یافتن ملک | نمایشگاه و رویداد | پشتیبانی
        > I want to buy an apartment
        < یادداشت شد: خرید، آپارتمان لطفاً نام خود را برای ما بنویسید.
        < # رد شدن
        > (lang:ru)
        < Теперь мы будем писать вам по-русски. Как к вам обращаться?
        < # Пропустить
        > (lang:xx)
        < Этот вариант уже не действует. Продолжим отсюда: Как к вам обращаться?
        < # Пропустить
        > العربية
        < سنكتب إليكم باللغة العربية من الآن فصاعدًا. هل يمكننا معرفة اسمكم؟
        < # تخطي
        > english!
        < From now on we will write to you in English. May we know your name?
        < # Skip
        > سلام، قیمت چنده؟
        < The price is set by the owner. ... Now back to our question: May we know your name?
        < # Skip
    """,
    "a language chosen at one tenant holds at the next": """
        @ shared
        > TENANT_2
        < Welcome to Marina Homes! ...
        < # English | فارسی | العربية | Русский
        > (lang:ar)
        < سنكتب إليكم باللغة العربية من الآن فصاعدًا. ...
        < # البحث عن عقار | المعارض والفعاليات | الدعم
        > TENANT_5
        < أهلًا بكم في Palm! ...
        < # البحث عن عقار | المعارض والفعاليات | الدعم
        > TENANT_2
        < أهلًا بكم مجددًا في Marina Homes. ...
        < # البحث عن عقار | المعارض والفعاليات | الدعم
    """,
    "an own number welcomes a doubtful first text in the tenant's language, with the languages": """
        @ marina
        > hi
        < Welcome to Marina Homes! ...
        < # English | فارسی | العربية | Русский
        @ kish
        > سلام
        < به خانه کیش خوش آمدید! ...
        < # English | فارسی | العربية | Русский
        @ noor
        > hello 👋
        < أهلًا بكم في عقارات نور! ...
        < # English | فارسی | العربية | Русский
        @ palm
        > سلام
        < Вас приветствует агентство «Palm»! ...
        < # English | فارسی | العربية | Русский
    """,
    "an own number welcomes a first text beyond doubt in its language, without the languages": """
        @ marina
        > Здравствуйте, ищу квартиру
        < Вас приветствует агентство «Marina Homes»! Чем мы можем вам помочь? Записано: квартира Как к вам обращаться?
        < # Пропустить
        > 👍
        < Не удалось распознать имя. ... Как к вам обращаться?
        < # Пропустить
        @ marina
        > سلام، دنبال آپارتمان هستم
        < به Marina Homes خوش آمدید! چه کمکی از ما برمی‌آید؟ یادداشت شد: آپارتمان ...
        < # رد شدن
        @ marina
        > أريد شقة في دبي
        < أهلًا بكم في Marina Homes! كيف يمكننا مساعدتكم؟ تم التسجيل: شقة ...
        < # تخطي
        @ kish
        > I am looking for a villa
        < Welcome to خانه کیش! How can we help you? Noted: villa ...
        < # Skip
        @ marina
        > Здравствуйте
        < Вас приветствует агентство «Marina Homes»! Чем мы можем вам помочь? Пожалуйста, выберите, что вам нужно, ...
        < # Недвижимость | Выставка и события | Поддержка
    """,
    "an own number takes the name of a language as first text": """
        @ noor
        > Русский
        < Вас приветствует агентство «عقارات نور»! Чем мы можем вам помочь? Пожалуйста, выберите, что вам нужно, ...
        < # Недвижимость | Выставка и события | Поддержка
        > hi
        < Здравствуйте! Чем мы можем вам помочь? ...
        < # Недвижимость | Выставка и события | Поддержка
    """,
    "an own number's own link is an ordinary first text, and leads to where one is later": """
        @ kish
        > TENANT_3
        < به خانه کیش خوش آمدید! ...
        < # English | فارسی | العربية | Русский
        > tenant_۳
        < لطفاً آنچه را نیاز دارید انتخاب کنید یا همین‌جا برای ما بنویسید.
        < # یافتن ملک | نمایشگاه و رویداد | پشتیبانی
    """,
    "another tenant's link on an own number gets one clear answer, and the welcome is still due": """
        @ marina
        > TENANT_5
        < This link belongs to another agency and does not work here. This is the number of Marina Homes.
        > hi
        < Welcome to Marina Homes! ...
        < # English | فارسی | العربية | Русский
        > سلام، قیمت چنده؟
        < قیمت را مالک تعیین می‌کند. ...
        < # یافتن ملک | نمایشگاه و رویداد | پشتیبانی
        > TENANT_777
        < این پیوند برای آژانس دیگری است و اینجا کار نمی‌کند. این شماره متعلق به Marina Homes است.
    """,
    "a dead link on a shared number is answered in the language that is known, else in all four": """
        @ shared
        > TENANT_777
        < This link does not work. ... این پیوند کار نمی‌کند. ... هذا الرابط لا يعمل. ... Эта ссылка не работает. ...
        @ shared
        > TENANT_9
        < هذا الرابط لا يعمل. يرجى طلب رابط جديد من وكالتكم.
        @ shared
        > TENANT_5
        < Вас приветствует ...
        < # English | فارسی | العربية | Русский
        > TENANT_9
        < Эта ссылка не работает. ...
        > one
        < Мы не совсем поняли вас. ...
        < # Недвижимость | Выставка и события | Поддержка
        > (lang:en)
        < From now on ...
        < # Find a property | Expo and events | Support
        > TENANT_777
        < This link does not work. Please ask your agency for a new one.
    """,
    "a shared number without a link helps once a week in four languages, whatever comes": """
        @ shared
        > hi
        < Hello! Several ... درود! چند ... مرحبًا! تتشارك ... Здравствуйте! Этим номером ...
        > Is anybody there?
        < -
        > [location]
        < -
        > [image]
        < -
        > (lang:fa)
        < -
        + 6 days
        > hi
        < -
        + 1 days
        > [audio]
        < Hello! Several ... درود! چند ... مرحبًا! تتشارك ... Здравствуйте! Этим номером ...
        > hi
        < -
        > TENANT_2
        < به Marina Homes خوش آمدید! ...
        < # یافتن ملک | نمایشگاه و رویداد | پشتیبانی
    """,
    "a suspended tenant's own number says so once a week": """
        @ gone
        > hi
        < لا يمكن التواصل حاليًا مع Gone Estates عبر هذا الرقم.
        > hello?
        < -
        > TENANT_2
        < -
        + 7 days
        > Здравствуйте, ищу квартиру
        < Агентство «Gone Estates» сейчас недоступно по этому номеру.
    """,
    "what is not a text is welcomed and answered as well": """
        @ palm
        > [location]
        < Вас приветствует агентство «Palm»! ...
        < # English | فارسی | العربية | Русский
        > [image]
        < -
        ~ stored
        < Спасибо, ваше изображение получено. ...
        > [location]
        < Спасибо, геопозиция получена. ...
        > (some:button)
        < Этот вариант уже не действует. Продолжим отсюда: ...
        < # Недвижимость | Выставка и события | Поддержка
        @ marina
        > (lang:ru)
        < Вас приветствует агентство «Marina Homes»! Чем мы можем вам помочь? ...
        < # Недвижимость | Выставка и события | Поддержка
    """,
    "media, voice, cards, orders and forms are welcomed, and what can be done with them is said": """
        @ marina
        > [voice]
        < Welcome to Marina Homes! ...
        < # English | فارسی | العربية | Русский
        ~ stored
        < Thank you, your voice message has arrived. ...
        > [image]
        < -
        ~ stored
        < Thank you, your picture has arrived. ...
        > [contacts]
        < Thank you, 1 contact has arrived. ...
        > [order]
        < Thank you, your order has arrived. ...
        > [flow reply]
        < Thank you, your form has arrived.
        > [unsupported]
        < We cannot open this kind of message here. ...
        > [broken interactive]
        < We cannot open this kind of message here. ...
        > [template button]
        < This choice no longer applies. ...
        < # Find a property | Expo and events | Support
        > [ad referral]
        < We did not quite understand. ...
        < # Find a property | Expo and events | Support
    """,
    "a text is answered while a picture is on its way, and each is answered once": """
        @ marina
        > hi
        < Welcome to Marina Homes! ...
        < # English | فارسی | العربية | Русский
        > [image]
        < -
        > Is it still free?
        < We cannot answer this reliably here. ...
        < # Find a property | Expo and events | Support
        ~ stored
        < Thank you, your picture has arrived. ...
    """,
    "a medium that cannot be taken is told of in the person's language": """
        @ kish
        > [image]
        < به خانه کیش خوش آمدید! ...
        < # English | فارسی | العربية | Русский
        ~ too_large
        < تصویر شما برای ما بیش از اندازه بزرگ است؛ حداکثر ۲۰ مگابایت را می‌توانیم دریافت کنیم. ...
        > [voice]
        < -
        ~ timed_out
        < دریافت پیام صوتی شما بیش از اندازه طول کشید. ...
        > [document]
        < -
        ~ corrupt
        < آنچه فرستادید باز نشد. ...
        @ noor
        > [voice]
        < أهلًا بكم في عقارات نور! ...
        < # English | فارسی | العربية | Русский
        ~ too_large
        < رسالتكم الصوتية أطول مما يمكننا استلامه، والحد الأقصى هو ٢٠ ميغابايت. ...
        > [image]
        < -
        ~ timed_out
        < استغرق استلام صورتكم ...
        > [document]
        < -
        ~ too_large
        < حجم ملفكم ...
        @ palm
        > [document]
        < Вас приветствует агентство «Palm»! ...
        < # English | فارسی | العربية | Русский
        ~ timed_out
        < Ваш файл загружается слишком долго. ...
        > [image]
        < -
        ~ too_large
        < Ваше изображение слишком большое: мы можем принять не более 20 МБ. ...
        > [image]
        < -
        ~ bad_type
        < Нам не удалось открыть то, что вы отправили. ...
        @ marina
        > [image]
        < Welcome to Marina Homes! ...
        < # English | فارسی | العربية | Русский
        ~ expired
        < We could not open what you sent. ...
        > [image]
        < -
        ~ failed
        < We could not open what you sent. ...
    """,
    "a medium that reaches no tenant is not fetched": """
        @ gone
        > [image]
        < لا يمكن التواصل حاليًا مع Gone Estates عبر هذا الرقم.
        @ shared
        > [image]
        < Hello! ...
        > [image]
        < -
    """,
    "what is no message meets silence and is no first contact": """
        @ marina
        > [reaction]
        < -
        > [edit]
        < -
        > [revoke]
        < -
        > [number change]
        < -
        > [identity change]
        < -
        > [app echo]
        < -
        > [marketing choice, stop]
        < -
        > [status failed]
        < -
        > [value errors]
        < -
        > [system]
        < -
        > [message_echoes]
        < -
        > hi
        < Welcome to Marina Homes! ...
        < # English | فارسی | العربية | Русский
        > [reaction]
        < -
    """,
    "a number that has left the settings says nothing": """
        @ removed
        > TENANT_2
        < -
    """,
}


def scenes(transcript: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield each scenario of a transcript: its number, and its lines as (mark, rest)."""
    lines: list[tuple[str, str]] = []
    for line in filter(None, map(str.strip, transcript.splitlines())):
        mark, _, rest = line.partition(" ")
        if mark == "@":
            lines = []
            yield rest, lines
        else:
            lines.append((mark, rest))


def written_as(answers: list[Outgoing], message: str) -> list[str]:
    """Return answers as a transcript has them."""
    if not answers:
        return ["-"]
    (said,) = answers
    assert isinstance(said, Text | Buttons | Choices)
    assert said.quote == message
    body = [" ".join(plain(said.body).split())]
    return body if isinstance(said, Text) else [*body, "# " + " | ".join(one.title for one in said.choices)]


@pytest.mark.parametrize("name", TRANSCRIPTS)
async def test_transcript(name: str) -> None:
    played = 0
    for number, lines in [(number, lines) for number, lines in scenes(TRANSCRIPTS[name])]:
        stage, due = Stage(number), list[str]()
        for mark, rest in [*lines, ("end", "")]:
            if mark == "<":
                assert due, f"nothing was said, expected {rest!r}"
                said = due.pop(0)
                pattern = ".*".join(re.escape(piece) for piece in rest.split("..."))
                assert re.fullmatch(pattern, said, re.DOTALL), f"expected {rest!r}, got {said!r}"
                played += 1
                continue
            assert not due, f"said and not expected: {due}"
            if mark == ">":
                event = stage.heard(rest)
                due = written_as(await stage.play(event), f"wamid.{stage.turns - 1}")
            elif mark == "~":
                event = stage.fetched(rest)  # type: ignore[arg-type]
                due = written_as(await stage.play(event), event.message)
            elif mark == "+":
                stage.now += timedelta(days=int(rest.removesuffix(" days")))
    assert played


async def test_a_medium_on_its_way_is_answered_as_by_the_tenant_that_it_was_sent_to() -> None:
    stage = Stage("shared")
    await stage.says("TENANT_5")
    assert await stage.play(stage.heard("[image]")) == []
    await stage.says("TENANT_2")
    (said,) = await stage.play(stage.fetched("stored"))
    assert isinstance(said, Text)
    assert said.body.startswith("Спасибо, ваше изображение получено."), "in the language of that tenant"


async def test_a_download_that_fails_as_an_effect_is_told_of_like_one_that_failed() -> None:
    stage = Stage("marina")
    await stage.says("hi")
    await stage.play(stage.heard("[image]"))
    task = msgspec.json.encode(stage.asked[-1]).decode()
    failed = EffectFailed(effect="e", code="expired", kind=Failure.STALE, task=task)
    (said,) = await stage.play(failed)
    assert said == Text(
        "We could not open what you sent. Please send it once more.", quote=stage.asked[-1].message
    )
    assert stage.state.noted["failed:expired"].times == 1


async def test_a_medium_that_reaches_no_tenant_costs_no_download() -> None:
    for number in ("gone", "shared"):
        stage = Stage(number)
        await stage.play(stage.heard("[image]"))
        assert stage.asked == []


async def test_a_routing_decision_is_recorded_with_its_cause_once_per_move() -> None:
    stage = Stage("shared")
    for text in ("TENANT_2", "TENANT_2", "hi", "TENANT_777", "TENANT_9", "TENANT_5", "TENANT_2"):
        await stage.says(text)
    assert stage.decisions == [
        ("c1", "wamid.0", 2, "link", stage.now, None),
        ("c1", "wamid.5", 5, "link", stage.now, None),
        ("c1", "wamid.6", 2, "link", stage.now, None),
    ]


async def test_an_own_number_records_no_decision() -> None:
    stage = Stage("marina")
    for text in ("TENANT_2", "TENANT_5", "hi"):
        await stage.says(text)
    assert stage.decisions == []


async def test_the_same_event_on_the_same_state_gives_the_same_effects() -> None:
    first, second = Stage("shared"), Stage("shared")
    for stage in (first, second):
        await stage.says("TENANT_2")
    assert first.database.written == second.database.written
    assert first.state == second.state


async def test_choices_that_leave_come_back_as_choices_that_are_understood() -> None:
    stage = Stage("marina")
    (welcome,) = await stage.play(stage.heard("hi"))
    assert isinstance(welcome, Choices)
    for choice in welcome.choices:
        (said,) = await stage.play(ChoicePicked(id="m", choice=choice.id, title=choice.title))
        assert isinstance(said, Buttons), "the menu, in that language"
        assert stage.state.chosen == choice.id.removeprefix("lang:")


async def test_a_tenant_that_is_suspended_between_two_messages_is_closed_and_opens_again() -> None:
    stage = Stage("shared")
    await stage.says("TENANT_5")
    stage.bot.configure(settings(palm=False))
    assert await stage.says("hi") == "Агентство «Palm» сейчас недоступно по этому номеру."
    assert await stage.play(stage.heard("hi")) == []
    stage.bot.configure(settings())
    assert (await stage.says("hi")).startswith("Здравствуйте!"), "it is not welcomed twice"


@pytest.mark.parametrize(
    ("event", "noted"),
    [
        (EffectFailed(effect="e", code="131026"), "failed:131026"),
        (UnreadableEvent(reason="odd"), "unreadable"),
        (
            AccountNotice(account="1", field="message_template_status_update"),
            "notice:message_template_status_update",
        ),
        (ChannelFault(account="1", channel="meta:1", code="131000"), "fault:131000"),
        (ConsentChanged(category="marketing_messages", allowed=False), "opted_out"),
        (ConsentChanged(category="marketing_messages", allowed=True), "allowed"),
        (Reacted(id="m", target="w"), "silent:Reacted"),
        (MessageRevoked(id="m", original="w"), "silent:MessageRevoked"),
        (NumberChanged(id="m", new="97150"), "silent:NumberChanged"),
        (IdentityChanged(id="m", hash="x"), "silent:IdentityChanged"),
        (
            MessageEdited(id="m", original="w", message=MessageReceived(id="w", text="TENANT_5")),
            "silent:MessageEdited",
        ),
        (HumanAnswered(id="m", message=MessageReceived(id="m", text="hi")), "silent:HumanAnswered"),
        *((Unsupported(id="m", kind=kind), f"silent:{kind}") for kind in sorted(NO_MESSAGE)),
    ],
)
async def test_what_is_no_message_is_counted_and_never_answered(event: Event, noted: str) -> None:
    stage = Stage("marina")
    assert await stage.play(event) == []
    stage.now += timedelta(hours=1)
    assert await stage.play(event) == []
    tally = stage.state.noted[noted]
    assert (tally.times, tally.last) == (2, stage.now)
    assert stage.state.parts == {}


async def test_who_wants_no_messages_is_remembered_by_their_latest_word() -> None:
    stage = Stage("marina")
    now = int(stage.now.timestamp())

    async def opted_out(event: Event) -> bool:
        assert await stage.play(event) == []
        return stage.state.opted_out

    def choice(*, allowed: bool, at: int) -> Event:
        return ConsentChanged(category="marketing_messages", allowed=allowed, stamped=at)

    assert await opted_out(choice(allowed=False, at=now - 100))
    assert await opted_out(choice(allowed=True, at=now - 200)), "an older word came later"
    assert not await opted_out(choice(allowed=True, at=now - 50))
    assert await opted_out(EffectFailed(effect="e", code="131050", kind=Failure.OPTED_OUT))
    assert await opted_out(choice(allowed=True, at=now - 10)), "said before the send was refused"
    assert not await opted_out(choice(allowed=True, at=10**12)), "a clock that is ahead"
    stage.now += timedelta(seconds=1)
    assert await opted_out(choice(allowed=False, at=0)), "without a stamp it is now"
    assert await opted_out(EffectFailed(effect="e", code="131026")), "another failure says nothing of it"
    assert (await stage.says("hi")).startswith("Welcome"), "who writes is answered"


async def test_what_is_counted_is_bounded() -> None:
    stage = Stage("marina")
    for number in range(100):
        await stage.play(EffectFailed(effect="e", code=f"{number:03}" * 100))
    assert len(stage.state.noted) == 33
    assert stage.state.noted["others"].times == 100 - 32
    assert len(msgspec.json.encode(stage.state)) < 8000


async def test_a_long_conversation_leaves_a_small_state() -> None:
    stage = Stage("shared")
    sizes = []
    for _ in range(50):
        for text in ("TENANT_2", "hi", "سلام، قیمت چنده؟", "TENANT_5", "TENANT_777"):
            await stage.says(text)
        sizes.append(len(msgspec.json.encode(stage.state)))
    assert len(set(sizes[1:])) == 1, "it does not grow"
    assert sizes[-1] < 500


async def test_the_tables_mirror_the_settings_without_any_secret() -> None:
    database = Recorder()
    async with database.transaction() as transaction:
        await prepare(transaction, settings())
    written = dict(database.written)
    assert written[statement("upsert_tenants")][0] == [2, 3, 4, 5, 9]
    assert written[statement("upsert_channels")][2] == [9, 3, 2, 4, 5, None]
    assert written[statement("disable_tenants")] == ([2, 3, 4, 5, 9],)
    assert SECRET.reveal() not in repr(written)
    assert not re.search(r"Secret|\*\*\*", repr(written))


def test_the_app_is_complete() -> None:
    assert app.name == "estate"
    assert [step.version for step in app.migrations] == list(range(1, len(migrations()) + 1))
    event = MessageReceived(id="m", text="x")
    assert app.codec.decode(msgspec.json.encode(event)) == event


async def test_log_lines_of_a_turn_name_the_tenant_as_soon_as_it_is_known() -> None:
    shared = Stage("shared")
    await shared.says("hello")
    assert shared.labels == {}
    await shared.says("TENANT_2")
    assert shared.labels == {"tenant": "marina"}
    await shared.play(Unsupported(id="", kind="reaction"))
    assert shared.labels == {"tenant": "marina"}
    await shared.says("TENANT_3")
    assert shared.labels == {"tenant": "kish"}
    own = Stage("palm")
    await own.play(shared.heard("hello"))
    assert own.labels == {"tenant": "palm"}
