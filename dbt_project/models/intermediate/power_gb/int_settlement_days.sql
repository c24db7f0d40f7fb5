with bounds as (
    select
        settlement_date,
        {{ local_midnight('settlement_date', 'Europe/London') }} as day_start_at,
        {{ local_midnight('settlement_date + 1', 'Europe/London') }} as day_end_at
    from {{ ref('int_calendar_days') }}
),

counted as (
    select
        settlement_date,
        day_start_at,
        day_end_at,
        cast({{ seconds_between('day_start_at', 'day_end_at') }} / 1800 as {{ dbt.type_bigint() }}) as periods_in_day
    from bounds
)

select
    settlement_date,
    day_start_at,
    day_end_at,
    periods_in_day,
    periods_in_day <> 48 as is_clock_change_day
from counted
