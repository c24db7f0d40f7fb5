{# Statistics of the system's frequency over settlement periods or days: written once. `grain` lists the columns of the period.
   A sample stands for the 15 seconds after it. #}
{% macro frequency_statistics(grain) -%}
{%- set columns = grain | join(', ') -%}
{#- Hz below and above which the system operator's own limits, and those of the law, are broken. -#}
{%- set limits = {'operational': (49.8, 50.2), 'statutory': (49.5, 50.5)} -%}
{%- set seconds = 15 -%}
with samples as (
    select
        periods.settlement_date,
        periods.settlement_period,
        freq.measured_at,
        freq.frequency_hz,
        freq.frequency_hz - lag(freq.frequency_hz) over (order by freq.measured_at) as change_hz,
        {{ seconds_between('lag(freq.measured_at) over (order by freq.measured_at)', 'freq.measured_at') }} as seconds_since
    from {{ ref('stg_elexon__freq').render() }} as freq
    inner join {{ ref('int_settlement_periods') }} as periods
        on periods.period_start_at = {{ half_hour_start('freq.measured_at') }}
    -- A settlement day begins at London's midnight, up to an hour before that of UTC, and its first sample needs the one before it.
    where {{ instant_in_batch('freq.measured_at', days_before=1, days_after=1) }} and freq.frequency_hz is not null
),

-- Samples outside a limit that follow each other without a gap share a number: each inside, and each gap, begins the next.
excursions as (
    select
        settlement_date,
        settlement_period,
        frequency_hz,
        case when seconds_since = {{ seconds }} then change_hz / {{ seconds }} end as rocof_hz_per_s
        {%- for limit, (low, high) in limits.items() %},
        frequency_hz < {{ low }} or frequency_hz > {{ high }} as is_outside_{{ limit }},
        sum(case when (frequency_hz < {{ low }} or frequency_hz > {{ high }}) and seconds_since = {{ seconds }} then 0 else 1 end)
            over (partition by {{ columns }} order by measured_at rows unbounded preceding) as {{ limit }}_excursion
        {%- endfor %}
    from samples
    where {{ in_batch('settlement_date') }}
),

measured as (
    select
        {{ columns }},
        frequency_hz,
        rocof_hz_per_s
        {%- for limit in limits %},
        is_outside_{{ limit }},
        sum(case when is_outside_{{ limit }} then {{ seconds }} else 0 end)
            over (partition by {{ columns }}, {{ limit }}_excursion) as {{ limit }}_excursion_seconds
        {%- endfor %}
    from excursions
)

select
    {{ columns }},
    count(*) as samples,
    avg(frequency_hz) as frequency_mean_hz,
    stddev_samp(frequency_hz) as frequency_deviation_hz,
    min(frequency_hz) as frequency_min_hz,
    max(frequency_hz) as frequency_max_hz,
    {%- for limit in limits %}
    cast(sum(case when is_outside_{{ limit }} then {{ seconds }} else 0 end) as {{ dbt.type_bigint() }}) as seconds_outside_{{ limit }},
    cast(max({{ limit }}_excursion_seconds) as {{ dbt.type_bigint() }}) as longest_excursion_{{ limit }}_seconds,
    {%- endfor %}
    max(abs(rocof_hz_per_s)) as rocof_max_hz_per_s
from measured
group by {{ columns }}
{%- endmacro %}
