{{ generation_totals(year_of('settlement_date'), 'settlement_year', 'periods_in_year') }}
