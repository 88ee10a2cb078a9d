-- Why a party has said nothing final of a request, as far as is known, and when it was asked last; operators read it.

alter table outside.request
  add column unsettled_why text,
  add column asked_at      timestamptz;
