select
    settlement_date,
    settlement_period,
    period_start_at,
    period_end_at,
    {{ local_text('period_start_at', 'Europe/London') }} as start_local,
    'Europe/London' as time_zone,
    periods_in_day,
    is_clock_change_day
from {{ ref('int_settlement_periods') }}
