-- Known days and periods (those of 2023 are Elexon's own example): a row that the calendar does not give back is returned.
with expected as (
    select date '2024-03-31' as settlement_date, 46 as settlement_period, 46 as periods_in_day, '2024-03-31 22:30' as start_utc
    union all select date '2024-10-27', 50, 50, '2024-10-27 23:30'
    union all select date '2023-10-29', 5, 50, '2023-10-29 01:00'
    union all select date '2023-10-29', 50, 50, '2023-10-29 23:30'
    union all select date '2024-07-01', 1, 48, '2024-06-30 23:00'
)

select expected.settlement_date, expected.settlement_period
from expected
left join {{ ref('dim_settlement_period') }} as calendar
    on calendar.settlement_date = expected.settlement_date
    and calendar.settlement_period = expected.settlement_period
    and calendar.periods_in_day = expected.periods_in_day
    and {{ local_text('calendar.period_start_at', 'UTC') }} = expected.start_utc
where calendar.settlement_date is null
