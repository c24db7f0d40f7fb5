-- A table: days of 23, 24 and 25 hours of each market, every one with its block.
{{ config(materialized='table', post_hook="{{ analyse(this) }}") }}
{%- set miso = var('miso_on_peak', 'market') %}
{%- if miso not in ('market', 'tariff') %}{{ exceptions.raise_compiler_error("var miso_on_peak is '" ~ miso ~ "'; write market or tariff") }}{% endif %}

-- From 1998, in which the first of these markets has prices, to 2050: an hour that is not here would take its price along.
with numbers as ({{ number_rows(0, 19357) }}),

hours_of_day as ({{ number_rows(0, 24) }}),

-- Years with prices, and those from 2020 to 2027 in any case.
years as (
    select
        least(2020, coalesce(min(extract(year from delivery_date)), 2020)) as first_year,
        greatest(2027, coalesce(max(extract(year from delivery_date)), 2027)) as last_year
    from {{ ref('int_us_price') }}
),

days as (
    select date '1998-01-01' + cast(n as integer) as delivery_date from numbers
),

wanted as (
    select days.delivery_date
    from days
    cross join years
    where extract(year from days.delivery_date) between years.first_year and years.last_year
),

hours as (
{%- for market in us_markets() %}
    select
        '{{ market.iso }}' as iso,
        '{{ market.zone }}' as time_zone,
        wanted.delivery_date,
        {{ minutes_after(local_midnight('wanted.delivery_date', market.zone), 'hours_of_day.n * 60') }} as hour_start_at,
        {{ local_midnight('wanted.delivery_date + 1', market.zone) }} as day_end_at,
        {{ local_midnight('wanted.delivery_date', market.zone) }} as day_start_at,
        {{ local_text(minutes_after(local_midnight('wanted.delivery_date', market.zone), 'hours_of_day.n * 60'), market.zone) }} as shown,
        {{ local_text(minutes_after(local_midnight('wanted.delivery_date', market.zone), 'hours_of_day.n * 60 - 60'), market.zone) }} as shown_before,
        {{ local_text(minutes_after(local_midnight('wanted.delivery_date', market.zone), 'hours_of_day.n * 60'), market.prevailing) }} as prevailing
    from wanted
    cross join hours_of_day
    {{ 'union all' if not loop.last }}
{%- endfor %}
),

clocks as (
    select
        iso,
        time_zone,
        delivery_date,
        hour_start_at,
        cast({{ seconds_between('day_start_at', 'day_end_at') }} / 3600 as {{ dbt.type_bigint() }}) as hours_in_day,
        cast(substr(shown, 12, 2) as {{ dbt.type_bigint() }}) + 1 as hour_ending,
        shown = shown_before as is_repeated_hour,
        cast(substr(prevailing, 12, 2) as {{ dbt.type_bigint() }}) + 1 as prevailing_hour_ending,
        cast(substr(prevailing, 1, 10) as date) as prevailing_date
    from hours
    where hour_start_at < day_end_at
),

placed as (
    select
        clocks.*,
        conventions.first_hour_ending,
        conventions.last_hour_ending,
        conventions.days_per_week,
        case when conventions.clock = 'prevailing' then clocks.prevailing_hour_ending else clocks.hour_ending end as block_hour_ending,
        case when conventions.clock = 'prevailing' then clocks.prevailing_date else clocks.delivery_date end as block_date
    from clocks
    inner join {{ ref('on_peak_conventions') }} as conventions
        on conventions.iso = clocks.iso
        and conventions.convention = case when clocks.iso = 'miso' then '{{ miso }}' else 'market' end
),

dated as (
    select
        placed.*,
        -- 1996-01-01 was a Monday: 1 to 7 from Monday to Sunday.
        mod({{ dbt.datediff("date '1996-01-01'", 'placed.block_date', 'day') }}, 7) + 1 as weekday,
        holidays.holiday
    from placed
    left join {{ ref('int_nerc_holiday') }} as holidays on holidays.holiday_date = placed.block_date
)

select
    iso,
    hour_start_at,
    time_zone,
    delivery_date,
    hour_ending,
    is_repeated_hour,
    hours_in_day,
    cast(weekday as {{ dbt.type_bigint() }}) as weekday,
    holiday,
    holiday is not null as is_nerc_holiday,
    holiday is null
        and weekday <= days_per_week
        and block_hour_ending between first_hour_ending and last_hour_ending as is_on_peak
from dated
