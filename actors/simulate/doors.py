"""The table of the providers that a simulation may go through.

Another one joins by a module with its `Door` (twilio_door.py is the shorter model) and a line here:

1. `numbers`: `Number.id` is what the log of sends calls the channel, `Number.key` the channel's key, by which the journal
   knows its messages (`m|<key>|<id of the message>`), and `Number.prefix` begins the ids of messages.
2. `poster`: the body of a webhook as the provider writes it, with its signature, made by code of the stand-in's own.
3. A `Log` for the stand-in in this process and one for its control API; `watch.watching` does the rest. Each send names
   the effect that the provider echoes, and who it went to in digits, as `Person.wa_id` does. A provider that echoes no
   effect needs a stand-in that is told it some other way: the verdict tells replies apart by nothing else.
4. `staffed`: channels for a stage where the settings have none.

What it can, its class says: `batches`, `quotes`. Nothing else in this package is to be touched.
"""

from __future__ import annotations

from collections.abc import Mapping

from actors.simulate.door import Door
from actors.simulate.meta_door import MetaDoor
from actors.simulate.twilio_door import TwilioDoor
from actors.simulate.waha_door import WahaDoor

DOORS: Mapping[str, Door] = {door.provider: door for door in (MetaDoor(), TwilioDoor(), WahaDoor())}
