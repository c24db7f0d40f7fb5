{# Forecasts of which every publication is kept: which one stood some time before the period that it is for, and how far it was off. #}

{# Rows horizon, minutes: names of the moments at which a forecast is taken. Day-ahead has no minutes: it is an hour of the day before. #}
{% macro horizon_rows(hours) -%}
    select 'day_ahead' as horizon, cast(null as {{ dbt.type_bigint() }}) as minutes
    {%- for hour in hours %}
    union all select '{{ hour }}h', {{ hour * 60 }}
    {%- endfor %}
{%- endmacro %}

{# The last instant at which a publication counts for a horizon. Var day_ahead_hour is an hour of the London day before, 2 or later:
   clocks change before it, so it is always as long before midnight. #}
{% macro horizon_deadline(start_at, day_start_at) -%}
    case
        when horizons.minutes is null then {{ minutes_after(day_start_at, (var('day_ahead_hour', 12) - 24) * 60) }}
        else {{ minutes_after(start_at, '-horizons.minutes') }}
    end
{%- endmacro %}

{# Mean absolute error, root mean square error, mean absolute percentage error as a share, and bias of forecasts in MW. #}
{% macro forecast_accuracy(error, outturn) -%}
    count({{ error }}) as forecasts,
    avg(abs({{ error }})) as mean_absolute_error_mw,
    sqrt(avg({{ error }} * {{ error }})) as root_mean_square_error_mw,
    avg(abs({{ error }}) / nullif(abs({{ outturn }}), 0)) as mean_absolute_percentage_error,
    avg({{ error }}) as bias_mw
{%- endmacro %}
