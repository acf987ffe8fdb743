-- Supervision, time and receipts. What is not obvious from the columns:
--   * attempts counts faults of the handler at the conversation's next thing to do, since attempts_since; a commit clears it.
--   * parked: no turn is begun; the row of the same name says why. Effects that were committed still leave.
--   * A timer has no sequence. Its generation is the version of the turn that set it, so that a turn which sets it again,
--     or forgets it, wins over one that is about to handle it.
--   * dead_letter keeps, with its payload, every event that was not simply handled: skipped ones (dead) and stale ones.
--   * receipt keeps what came before its send was known by the provider's id.

alter table conversation
  add column attempts int not null default 0,
  add column attempts_since timestamptz,
  add column parked boolean not null default false;
drop index conversation_backlog;
create index conversation_backlog on conversation(shard) where done_seq < next_seq - 1 and not parked;

alter table inbox add column stale_at timestamptz;  -- from then on it is recorded, not answered; null: never
alter table turn add column timer text;             -- the timer that was handled; first_seq > last_seq then

create table parked(
  conversation text collate "C" primary key,
  shard int not null,
  seq bigint,  -- of the event it stopped at; null: at a timer
  timer text,
  attempts int not null,
  fault text not null,
  origin text not null,
  since timestamptz not null default now());

create table dead_letter(
  id bigint generated always as identity primary key,
  conversation text collate "C" not null,
  channel text not null,
  seq bigint,  -- null: a timer
  timer text,
  fate text not null check (fate in ('dead', 'stale')),
  reason text not null,
  payload bytea not null,
  received_at timestamptz not null,
  at timestamptz not null default now(),
  replayed_at timestamptz);
create unique index dead_letter_event on dead_letter(conversation, seq) where seq is not null;
create index dead_letter_fate on dead_letter(fate, id);

create table timer(
  conversation text collate "C" not null,
  name text collate "C" not null,
  generation bigint not null,
  due_at timestamptz not null,
  shard int not null,
  primary key (conversation, name));
create index timer_due on timer(shard, due_at);

create table receipt(
  channel text collate "C" not null,
  provider_id text collate "C" not null,
  rank smallint not null,
  at timestamptz not null default now(),
  primary key (channel, provider_id));
create index receipt_at on receipt(at);
create index outbox_provider_id on outbox(provider_id) where provider_id is not null;

create table state_format(  -- of which form of the state every conversation is known to be readable
  app text primary key,
  fingerprint text not null,
  checked_at timestamptz not null default now());
