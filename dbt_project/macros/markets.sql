{# The US power markets: tables of the same columns read together, market clocks, and statistics of blocks of hours. #}

{# Markets with the zone of their files' days, and the one that prevails where they trade. MISO's clock never changes; its traders' does. #}
{% macro us_markets() %}
    {{ return([
        {'iso': 'pjm', 'zone': 'America/New_York', 'prevailing': 'America/New_York'},
        {'iso': 'nyiso', 'zone': 'America/New_York', 'prevailing': 'America/New_York'},
        {'iso': 'isone', 'zone': 'America/New_York', 'prevailing': 'America/New_York'},
        {'iso': 'miso', 'zone': 'Etc/GMT+5', 'prevailing': 'America/New_York'},
        {'iso': 'ercot', 'zone': 'America/Chicago', 'prevailing': 'America/Chicago'},
        {'iso': 'spp', 'zone': 'America/Chicago', 'prevailing': 'America/Chicago'},
        {'iso': 'caiso', 'zone': 'America/Los_Angeles', 'prevailing': 'America/Los_Angeles'}
    ]) }}
{% endmacro %}

{# A declared type as this warehouse writes it. #}
{% macro type_declared(name) -%}
    {%- if name == 'string' %}{{ dbt.type_string() }}
    {%- elif name == 'integer' %}{{ dbt.type_bigint() }}
    {%- elif name == 'double' %}{{ type_double() }}
    {%- elif name == 'boolean' %}{{ dbt.type_boolean() }}
    {%- elif name == 'timestamp' %}{{ 'timestamp' if target.type == 'bigquery' else 'timestamp with time zone' }}
    {%- else %}{{ name }}
    {%- endif %}
{%- endmacro %}

{# A raw table's columns, or none of its rows while it has not been loaded: who has the files of one market has no others. #}
{% macro select_if_loaded(raw, columns) -%}
    {%- if execute and load_relation(raw) is not none -%}
select
    {{ columns | join(',\n    ') }}
from {{ raw }}
    {%- else -%}
select
    {%- for name, type in columns.items() %}
    cast(null as {{ type_declared(type) }}) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from (select 1 as nothing) as one_row
where nothing = 0
    {%- endif %}
{%- endmacro %}

{# Several models below each other in these columns ({name: declared type}), null where a model has no such column. Each is (iso, model). #}
{% macro union_in_columns(models, columns) -%}
    {%- for iso, name in models %}
    {%- set relation = ref(name) %}
    {%- set node = (graph.nodes.values() | selectattr('name', 'equalto', name) | list | first) if execute else none %}
    {%- set there = node.columns.keys() | list if node else [] %}
select
    '{{ iso }}' as iso
    {%- for column, type in columns.items() %},
    {{ column if column in there else 'cast(null as ' ~ type_declared(type) ~ ')' }} as {{ column }}
    {%- endfor %}
from {{ relation }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# A component per row as one row per price. The energy component is what is left where a market does not publish it. #}
{% macro components_in_columns(model, kept) -%}
select
    {{ kept | join(',\n    ') }},
    max(case when upper(component) = 'LMP' then price_usd_per_mwh end) as lmp_usd_per_mwh,
    max(case when upper(component) = 'MCE' then price_usd_per_mwh end) as energy_usd_per_mwh,
    max(case when upper(component) = 'MCC' then price_usd_per_mwh end) as congestion_usd_per_mwh,
    max(case when upper(component) in ('MCL', 'MLC') then price_usd_per_mwh end) as loss_usd_per_mwh,
    max(case when upper(component) = 'MGHG' then price_usd_per_mwh end) as ghg_usd_per_mwh
from {{ model }}
group by {{ kept | join(', ') }}
having max(case when upper(component) = 'LMP' then price_usd_per_mwh end) is not null
{%- endmacro %}

{# A column per product as a row per product; an empty price is none. Products are [column, name in the publisher's words]. #}
{% macro products_in_rows(iso, model, products) -%}
    {%- for column, product in products %}
select
    '{{ iso }}' as iso, market, run, region, '{{ product }}' as product_native,
    interval_start_at, interval_end_at, interval_minutes, delivery_date, {{ column }} as price_usd_per_mw,
    cast(null as {{ type_double() }}) as requirement_mw, cast(null as {{ type_double() }}) as cleared_mw
from {{ model }}
where {{ column }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# First day of a month, or the number of a year. #}
{% macro period_of(day, period) -%}
    {%- if period == 'day' %}{{ day }}
    {%- elif period == 'month' %}cast({{ dbt.date_trunc('month', day) }} as date)
    {%- else %}cast(extract(year from {{ day }}) as {{ dbt.type_bigint() }})
    {%- endif %}
{%- endmacro %}

{# Name of the column that holds it. #}
{% macro period_column(period) %}{{ return({'day': 'delivery_date', 'month': 'delivery_month', 'year': 'delivery_year'}[period]) }}{% endmacro %}

{# The whole hour (UTC) in which an instant lies: every market's offset is a number of whole hours. #}
{% macro hour_of(instant) -%}
    {{ dbt.date_trunc('hour', instant) if target.type != 'bigquery' else 'timestamp_trunc(' ~ instant ~ ', hour)' }}
{%- endmacro %}

{# The six NERC holidays of a year: one on a Sunday is kept on the Monday, one on a Saturday stays. #}
{% macro nerc_holidays(year) %}
    {%- set day = modules.datetime.date -%}
    {%- set days = modules.datetime.timedelta -%}
    {%- set found = [] -%}
    {%- for month, date, name in [(1, 1, "New Year's Day"), (7, 4, 'Independence Day'), (12, 25, 'Christmas Day')] -%}
        {%- set fixed = day(year, month, date) -%}
        {%- do found.append((fixed + days(1) if fixed.isoweekday() == 7 else fixed, name)) -%}
    {%- endfor -%}
    {%- set last_of_may = day(year, 5, 31) -%}
    {%- do found.append((last_of_may - days(last_of_may.weekday()), 'Memorial Day')) -%}
    {%- set first_of_september = day(year, 9, 1) -%}
    {%- do found.append((first_of_september + days((7 - first_of_september.weekday()) % 7), 'Labor Day')) -%}
    {%- set first_of_november = day(year, 11, 1) -%}
    {%- do found.append((first_of_november + days((3 - first_of_november.weekday()) % 7 + 21), 'Thanksgiving Day')) -%}
    {{ return(found) }}
{% endmacro %}

{# Averages of hourly prices over blocks of a day, a month or a year: sum(price * h) / sum(h) with hours of one length. Settled as the
   arithmetic mean (CME, ISO-NE). `hours` are those with a price, `hours_in_block` those of the calendar. #}
{% macro price_blocks(period) -%}
{%- set name = period_column(period) -%}
with priced as (
    select iso, market, run, location_id, {{ period_of('delivery_date', period) }} as {{ name }}, is_on_peak, lmp_usd_per_mwh
    from {{ ref('int_us_price_hourly') }}
),

blocks as (
    select iso, market, run, location_id, {{ name }}, lmp_usd_per_mwh, 'atc' as block from priced
    union all
    select iso, market, run, location_id, {{ name }}, lmp_usd_per_mwh, case when is_on_peak then 'on_peak' else 'off_peak' end as block
    from priced
),

calendar as (
    select iso, {{ period_of('delivery_date', period) }} as {{ name }}, is_on_peak from {{ ref('int_us_market_hour') }}
),

expected as (
    select iso, {{ name }}, 'atc' as block, count(*) as hours_in_block from calendar group by iso, {{ name }}
    union all
    select iso, {{ name }}, case when is_on_peak then 'on_peak' else 'off_peak' end as block, count(*) as hours_in_block
    from calendar
    group by iso, {{ name }}, case when is_on_peak then 'on_peak' else 'off_peak' end
)

select
    blocks.iso,
    blocks.market,
    blocks.run,
    blocks.location_id,
    blocks.{{ name }},
    blocks.block,
    avg(blocks.lmp_usd_per_mwh) as price_usd_per_mwh,
    count(*) as hours,
    max(expected.hours_in_block) as hours_in_block,
    count(*) = max(expected.hours_in_block) as is_complete
from blocks
inner join expected
    on expected.iso = blocks.iso
    and expected.{{ name }} = blocks.{{ name }}
    and expected.block = blocks.block
group by blocks.iso, blocks.market, blocks.run, blocks.location_id, blocks.{{ name }}, blocks.block
{%- endmacro %}

{# Spread, extremes and percentiles of hourly prices, and the hours below zero and above 250 USD/MWh. #}
{% macro hourly_price_statistics(period) -%}
{%- set name = period_column(period) -%}
with changes as (
    select
        iso,
        market,
        run,
        location_id,
        {{ period_of('delivery_date', period) }} as {{ name }},
        lmp_usd_per_mwh,
        lmp_usd_per_mwh - lag(lmp_usd_per_mwh) over (
            partition by iso, market, run, location_id, {{ period_of('delivery_date', period) }} order by hour_start_at
        ) as change_usd_per_mwh
    from {{ ref('int_us_price_hourly') }}
)

select
    iso,
    market,
    run,
    location_id,
    {{ name }},
    count(*) as hours,
    avg(lmp_usd_per_mwh) as price_mean_usd_per_mwh,
    stddev_samp(lmp_usd_per_mwh) as price_deviation_usd_per_mwh,
    stddev_samp(change_usd_per_mwh) as change_deviation_usd_per_mwh,
    min(lmp_usd_per_mwh) as price_min_usd_per_mwh,
    {{ exact_quantile('lmp_usd_per_mwh', 0.05) }} as price_p5_usd_per_mwh,
    {{ exact_median('lmp_usd_per_mwh') }} as price_p50_usd_per_mwh,
    {{ exact_quantile('lmp_usd_per_mwh', 0.95) }} as price_p95_usd_per_mwh,
    max(lmp_usd_per_mwh) as price_max_usd_per_mwh,
    sum(case when lmp_usd_per_mwh < 0 then 1 else 0 end) as negative_price_hours,
    avg(case when lmp_usd_per_mwh < 0 then cast(1 as {{ type_double() }}) else cast(0 as {{ type_double() }}) end) as negative_price_share,
    sum(case when lmp_usd_per_mwh > 250 then 1 else 0 end) as spike_hours
from changes
group by iso, market, run, location_id, {{ name }}
{%- endmacro %}
