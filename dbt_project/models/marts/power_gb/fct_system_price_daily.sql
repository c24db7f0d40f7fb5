{{ system_price_statistics('settlement_date', 'settlement_date', 'periods_in_day') }}
