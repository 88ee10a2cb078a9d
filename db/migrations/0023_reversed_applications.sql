-- A loan application whose payout came back after all.
alter table loan_engine.loan_application drop constraint loan_application_state_check;
alter table loan_engine.loan_application add constraint loan_application_state_check check (state in ('CREATED',
  'IN_REVIEW', 'APPROVED', 'CREDIT_RESERVED', 'ROUTED', 'PAYING_OUT', 'PAID_OUT', 'POSTED', 'BOOKED', 'DISBURSED', 'REJECTED',
  'WITHDRAWN', 'FAILED', 'REVERSED'));
