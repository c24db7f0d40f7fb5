{{ system_price_statistics(month_of('settlement_date'), 'settlement_month', 'periods_in_month') }}
