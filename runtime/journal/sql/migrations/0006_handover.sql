-- additive: a version before works with what is here, but knows of no pause: its bot speaks in conversations that people have taken.
-- Hand-over to a person. What is not obvious from the columns:
--   * paused_after: the bot is paused; of what turns after this version ask to send, nothing leaves. Null: it is not paused.
--   * muted_to: of what turns up to this version asked to send, nothing leaves that has not left by then. It never falls.
--   * What is cancelled is marked at the pause, at the commit of a turn, or at its claim, whichever comes first.
--   * The start of a pause, and its end, take a version: a turn that began before is fenced, so each that commits knew of it.
--   * An operator's send takes a version, too, which so is no turn's; `operator` says whose it is. `operated`: there was one.
--   * paused_by, paused_to and operator are labels that operators chose for themselves.
-- A replica of before sends what is cancelled until it is replaced.

alter table conversation
  add column paused_after bigint,
  add column muted_to bigint not null default 0,
  add column operated boolean not null default false,
  add column paused_since timestamptz,
  add column paused_by text,
  add column paused_why text,
  add column paused_to text;
create index conversation_paused on conversation(paused_since, id) where paused_after is not null;

alter table outbox add column operator text;
alter table outbox drop constraint outbox_status_check,
  add constraint outbox_status_check check (status in ('queued', 'sending', 'uncertain', 'done', 'failed', 'cancelled')) not valid;
create index outbox_cancelled on outbox(created_at) where status = 'cancelled';
create index outbox_operator on outbox(shard, conversation) where operator is not null and status in ('queued', 'sending', 'uncertain');

alter table turn add column paused boolean not null default false;  -- whether it knew that the bot is paused
