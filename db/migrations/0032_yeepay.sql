-- Yeepay divides what a mall's buyers have paid.

alter table reference.party drop constraint party_kind_check;
alter table reference.party add constraint party_kind_check
  check (kind in ('FUNDING_PARTNER', 'PAYMENT_CHANNEL', 'MESSAGING', 'DIVIDING'));

-- Its notice that an order is cleared names the order, and not our request.
create index request_yeepay_clearing on outside.request ((body ->> 'uniqueOrderNo'))
  where operation = 'yeepay-clearing';
