-- state_format(app) -> the fingerprint of the code that has last begun turns on these states, all of which it could read.
select fingerprint from state_format where app = $1;
