{{ generation_totals('settlement_date', 'settlement_date', 'periods_in_day') }}
