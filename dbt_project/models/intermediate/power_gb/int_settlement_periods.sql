-- A table: every segment of every unit looks up its period here.
{{ config(materialized='table') }}

with numbers as ({{ number_rows(1, 50) }})

select
    days.settlement_date,
    cast(numbers.n as {{ dbt.type_bigint() }}) as settlement_period,
    {{ minutes_after('days.day_start_at', '(numbers.n - 1) * 30') }} as period_start_at,
    {{ minutes_after('days.day_start_at', 'numbers.n * 30') }} as period_end_at,
    days.periods_in_day,
    days.is_clock_change_day
from {{ ref('int_settlement_days') }} as days
inner join numbers on numbers.n <= days.periods_in_day
