"""The app that `majlis` runs unless it is told another: the estate bot on WhatsApp."""

from __future__ import annotations

from datetime import UTC, datetime

from actors.agency import spending
from actors.agency.places import mirror_places
from actors.agency.seeding import seed_once
from actors.agency.tenancy import ensure_tenant_role, tenant_transaction
from actors.channels.meta import MetaProvider
from actors.channels.twilio import TwilioProvider
from actors.channels.waha import WahaProvider
from actors.conversation import calling, directory, measured
from actors.conversation.bot import EstateBot
from actors.conversation.tenancy import EstateTenancy
from actors.media.measured import METRICS
from actors.media.task import MediaFetched
from actors.messages import INCOMING
from actors.models.measured import METRICS as MODEL_METRICS
from actors.models.task import Thought
from actors.office import leads_api
from actors.outbound.listing_files import ListingFiles
from actors.outbound.measured import METRICS as FILE_METRICS
from actors.outbound.uploads import together
from actors.sql import migrations
from actors.wording.catalogue import Catalogue
from actors.wording.texts import Wording
from actors.work import Works
from config import Settings
from runtime import App, Transaction

_catalogue = Catalogue.load()
_works = Works()
_bot, _meta = EstateBot(_catalogue, _works), MetaProvider(_works)
_twilio = TwilioProvider(_works)
_waha = WahaProvider(_works)
_files = ListingFiles(Wording(_catalogue))
_meta.uploads.shelf = _waha.files.shelf = _files


async def _begin(_settings: Settings) -> None:
    await _works.downloads.sweep()


async def _upkeep(_settings: Settings) -> None:
    await _works.downloads.expire()
    await _files.sweep()


def _configure(settings: Settings) -> None:
    _bot.configure(settings)
    _files.configure(settings)


async def _prepare(transaction: Transaction, settings: Settings) -> None:
    """Mirror what the settings hold, and make what the agencies' own tables need."""
    await directory.prepare(transaction, settings)
    await mirror_places(transaction)
    await ensure_tenant_role(transaction)
    for tenant in settings.tenants:
        async with tenant_transaction(transaction, tenant.id) as books:
            days = tenant.media_keep_days
            await spending.forget(
                books, settings.media.keep_days if days is None else days, datetime.now(UTC)
            )
    if settings.demo:
        await seed_once(transaction, settings, datetime.now(UTC))


app = App(
    name="estate",
    actor=_bot,
    providers=(_meta, _twilio, _waha),
    events=(*INCOMING, MediaFetched, Thought, *calling.EVENTS),
    migrations=migrations(),
    prepare=_prepare,
    configure=_configure,
    lend=_files.lend,
    begin=_begin,
    upkeep=_upkeep,
    statistics=lambda: {
        "media": _works.downloads.statistics(),
        "models": _works.brain.statistics(),
        "conversation": _bot.statistics(),
        "meta": {"half_sent": len(_meta.long_texts)},
        "twilio": _twilio.statistics(),
        "waha": _waha.statistics(),
        "files": {
            "uploads": together(_meta.uploads.statistics(), _waha.files.statistics()),
            "shelf": _files.statistics(),
        },
    },
    metrics=(*METRICS, *MODEL_METRICS, *FILE_METRICS, *measured.METRICS),
    routes=leads_api.table(),
    tenancy=EstateTenancy(),
)
