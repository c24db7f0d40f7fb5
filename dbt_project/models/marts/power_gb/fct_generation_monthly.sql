{{ generation_totals(month_of('settlement_date'), 'settlement_month', 'periods_in_month') }}
