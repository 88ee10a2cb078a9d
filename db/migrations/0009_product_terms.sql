-- Product terms gained the length of a period, grace days, a penalty and the order of allocation. Versions that were
-- published before say what they meant without them: periods of one month, no grace, no penalty, oldest first.
alter table reference.product_version disable trigger product_version_is_final;
update reference.product_version
   set terms = terms
       || jsonb_build_object('term', terms->'term' || '{"length": 1}')
       || '{
            "graceDays": 0,
            "penalty": {"annualRate": "0", "dayCount": "ACT/ACT-ISDA"},
            "allocationOrder": [
              "PAST_DUE_PENALTY", "PAST_DUE_FEE", "PAST_DUE_INTEREST", "PAST_DUE_PRINCIPAL",
              "DUE_PENALTY", "DUE_FEE", "DUE_INTEREST", "DUE_PRINCIPAL",
              "IN_ADVANCE_PENALTY", "IN_ADVANCE_FEE", "IN_ADVANCE_INTEREST", "IN_ADVANCE_PRINCIPAL"
            ]
          }'
 where not terms ? 'graceDays';
alter table reference.product_version enable trigger product_version_is_final;
