-- ledger_turns() -> every turn that is kept, with who committed it and when.
select conversation, version, first_seq, last_seq, epoch, replica, extract(epoch from at)::float8 as at
from turn order by conversation, version;
