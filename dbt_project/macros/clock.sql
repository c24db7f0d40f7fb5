{# Instants. Dispatched, because no two warehouses agree on one function of time. None reads the session's time zone. #}

{# Postgres shows timestamptz in the zone of its session: UTC, as the others do. Empty elsewhere, and then dbt skips the hook. #}
{% macro utc_session() %}{% if target.type == 'postgres' %}set time zone 'UTC'{% endif %}{% endmacro %}


{# The type of an instant: dbt's own type_timestamp has no zone on DuckDB and Postgres. #}
{% macro type_instant() %}{{ return(adapter.dispatch('type_instant')()) }}{% endmacro %}

{% macro default__type_instant() %}timestamp with time zone{% endmacro %}

{% macro bigquery__type_instant() %}timestamp{% endmacro %}


{# Seconds from one instant to another, as a double: integers would hide fractions, intervals do not divide. #}
{% macro seconds_between(start_at, end_at) %}{{ return(adapter.dispatch('seconds_between')(start_at, end_at)) }}{% endmacro %}

{% macro duckdb__seconds_between(start_at, end_at) %}((epoch_us({{ end_at }}) - epoch_us({{ start_at }})) / 1e6){% endmacro %}

{% macro postgres__seconds_between(start_at, end_at) %}cast(extract(epoch from ({{ end_at }} - {{ start_at }})) as double precision){% endmacro %}

{% macro bigquery__seconds_between(start_at, end_at) %}(timestamp_diff({{ end_at }}, {{ start_at }}, microsecond) / 1000000){% endmacro %}


{# An instant some minutes later: dbt's own dateadd gives BigQuery a datetime, which is no instant. #}
{% macro minutes_after(instant, minutes) %}{{ return(adapter.dispatch('minutes_after')(instant, minutes)) }}{% endmacro %}

{% macro default__minutes_after(instant, minutes) %}({{ instant }} + ({{ minutes }}) * interval '1 minute'){% endmacro %}

{% macro bigquery__minutes_after(instant, minutes) %}timestamp_add({{ instant }}, interval ({{ minutes }}) minute){% endmacro %}


{# The instant at which a calendar day starts in a zone: settlement days start at local midnight. #}
{% macro local_midnight(day, zone) %}{{ return(adapter.dispatch('local_midnight')(day, zone)) }}{% endmacro %}

{% macro default__local_midnight(day, zone) %}(cast({{ day }} as timestamp) at time zone '{{ zone }}'){% endmacro %}

{% macro bigquery__local_midnight(day, zone) %}timestamp({{ day }}, '{{ zone }}'){% endmacro %}


{# What a clock in a zone shows at an instant, as text: a label to read, never to compute with. #}
{% macro local_text(instant, zone) %}{{ return(adapter.dispatch('local_text')(instant, zone)) }}{% endmacro %}

{% macro duckdb__local_text(instant, zone) %}strftime({{ instant }} at time zone '{{ zone }}', '%Y-%m-%d %H:%M'){% endmacro %}

{% macro postgres__local_text(instant, zone) %}to_char({{ instant }} at time zone '{{ zone }}', 'YYYY-MM-DD HH24:MI'){% endmacro %}

{% macro bigquery__local_text(instant, zone) %}format_timestamp('%Y-%m-%d %H:%M', {{ instant }}, '{{ zone }}'){% endmacro %}


{# The calendar day of an instant in a zone. #}
{% macro local_date(instant, zone) %}{{ return(adapter.dispatch('local_date')(instant, zone)) }}{% endmacro %}

{% macro default__local_date(instant, zone) %}cast({{ instant }} at time zone '{{ zone }}' as date){% endmacro %}

{% macro bigquery__local_date(instant, zone) %}date({{ instant }}, '{{ zone }}'){% endmacro %}

{# The calendar day in UTC of an instant. #}
{% macro utc_date(instant) %}{{ local_date(instant, 'UTC') }}{% endmacro %}


{# The half-hour of UTC in which an instant lies: settlement periods start on these on every day. #}
{% macro half_hour_start(instant) %}{{ return(adapter.dispatch('half_hour_start')(instant)) }}{% endmacro %}

{% macro duckdb__half_hour_start(instant) %}to_timestamp(floor(epoch({{ instant }}) / 1800) * 1800){% endmacro %}

{% macro postgres__half_hour_start(instant) %}to_timestamp(floor(extract(epoch from {{ instant }}) / 1800) * 1800){% endmacro %}

{% macro bigquery__half_hour_start(instant) %}timestamp_seconds(div(unix_seconds({{ instant }}), 1800) * 1800){% endmacro %}


{# The calendar month of a day, as its first day. #}
{% macro month_of(day) %}cast({{ dbt.date_trunc('month', day) }} as date){% endmacro %}

{# The calendar year of a day, as a number. #}
{% macro year_of(day) %}cast(extract(year from {{ day }}) as {{ dbt.type_bigint() }}){% endmacro %}


{# The week of a day, as its Monday: dbt's own date_trunc would begin BigQuery's weeks on Sunday. #}
{% macro week_of(day) %}{{ return(adapter.dispatch('week_of')(day)) }}{% endmacro %}

{% macro default__week_of(day) %}cast(date_trunc('week', {{ day }}) as date){% endmacro %}

{% macro bigquery__week_of(day) %}date_trunc({{ day }}, isoweek){% endmacro %}

{# The number of a day's week by ISO 8601; its year is `extract(isoyear from day)` everywhere. #}
{% macro iso_week(day) %}{{ return(adapter.dispatch('iso_week')(day)) }}{% endmacro %}

{% macro default__iso_week(day) %}cast(extract(week from {{ day }}) as {{ dbt.type_bigint() }}){% endmacro %}

{% macro bigquery__iso_week(day) %}extract(isoweek from {{ day }}){% endmacro %}


{# Days in the month of a calendar day: 28 to 31. #}
{% macro days_in_month(day) %}{{ return(adapter.dispatch('days_in_month')(day)) }}{% endmacro %}

{% macro default__days_in_month(day) %}extract(day from last_day({{ day }})){% endmacro %}

{% macro postgres__days_in_month(day) -%}
    extract(day from date_trunc('month', {{ day }}) + interval '1 month' - interval '1 day')
{%- endmacro %}


{# The rows of a relation once for each day from its column `first` to its column `last`, both included, as the column `day`. #}
{% macro day_rows(relation, first, last) %}{{ return(adapter.dispatch('day_rows')(relation, first, last)) }}{% endmacro %}

{% macro duckdb__day_rows(relation, first, last) -%}
    select {{ relation }}.*, {{ first }} + cast(numbers.n as integer) as day
    from {{ relation }}
    cross join lateral unnest(generate_series(0, {{ last }} - {{ first }})) as numbers(n)
{%- endmacro %}

{% macro postgres__day_rows(relation, first, last) -%}
    select {{ relation }}.*, {{ first }} + numbers.n as day
    from {{ relation }}
    cross join lateral generate_series(0, {{ last }} - {{ first }}) as numbers(n)
{%- endmacro %}

{% macro bigquery__day_rows(relation, first, last) -%}
    select {{ relation }}.*, day
    from {{ relation }}
    cross join unnest(generate_date_array({{ first }}, {{ last }})) as day
{%- endmacro %}
