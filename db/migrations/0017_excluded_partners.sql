-- The loan engine asks for the next partner itself, so it keeps which have been tried.
alter table loan_engine.loan_application add column excluded_partner_ids text[] not null default '{}';
