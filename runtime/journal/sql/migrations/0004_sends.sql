-- What is unsettled, by conversation and in order: a node reads the queues of single conversations (effects) and asks which
-- conversations have one (pending); neither may grow with what was settled long ago.
create index outbox_unsettled on outbox(shard, conversation, lane, version, ordinal)
  where status in ('queued', 'sending', 'uncertain');
drop index outbox_pending;
