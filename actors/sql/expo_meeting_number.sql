-- $1 tenant, $2 event, $3 lead -> the number of the meeting that was asked for, if one was
select number from expo_meetings where tenant_id = $1 and event_id = $2 and lead_id = $3
