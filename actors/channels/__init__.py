"""Providers of messaging: each channel package verifies, parses, renders and sends for one of them.

Another one is a package beside these (twilio is the shorter model) and a line in each of the tables below. It may use
what stands here, and no other provider's package:

- `wire`: JSON and texts that nothing odd gets through. `limits`: lengths, and where a text may be cut. `errors`: what may
  be done about an error; the package has the table from its codes to these actions. `pace`: how fast WhatsApp itself lets
  one person be written to. `numbered`: choices as numbered lines, and long texts in parts, where there are no buttons; a
  provider that has none is named in WITHOUT_BUTTONS. `findings`, `loopback`, `stand_in`: for the doctor and the stand-in.

What the package holds, each a module that tests call without a server:

1. `signature`: who sent a webhook. `parsing`: a verified body as arrivals and receipts; what is not understood is kept as
   `Unsupported`, and what is another channel's is counted. `rendering`: a message within the provider's limits. `errors`:
   an answer as an outcome. `media`: where a medium is to be had, as a `Source`.
2. `provider`: one object that keeps `runtime.Provider`, or `runtime.PerChannel` where each channel has a webhook of its
   own; `examine` makes it `runtime.Examinable`, and the doctor asks it.

Where it is named: `Channel.provider`, CHANNEL_NEEDS and the shape of its ids in `config`; the app's `providers` in
`actors/estate.py`; No provider knows another, in pyproject.toml. Where it is proved, by one row each:
`tests/unit/test_channels_alike.py` (the same in every channel), `tests/transcripts/wires.py` (the scripted conversations)
and `actors/simulate/doors.py` (many people, a kill, and the verdict), which needs a stand-in beside `fake_graph`.
"""
