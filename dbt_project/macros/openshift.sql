{# Pods, volumes and labels of OpenShift clusters: what more than one model needs. #}

{# A setting of loaders/sources/openshift/source.yml, which the environment overrides. A unit test has its own rows, whatever is set. #}
{% macro openshift_setting(name, default) %}
    {{ return(default if model.resource_type == 'unit_test' else env_var('MILLRACE_OPENSHIFT_' ~ name | upper, default)) }}
{% endmacro %}

{# Where people's decisions stand: a seed of the project, or the table of the warehouse that the setting names. #}
{% macro decided(name) %}
    {%- set seed = ref('openshift_' ~ name) -%}
    {%- set named = openshift_setting(name, '') -%}
    {{ return(seed if named in ('', 'seeds.openshift_' ~ name) else named) }}
{% endmacro %}

{# The models of a day read the hours, or the days that were added up before loading. #}
{% macro openshift_loads_days() %}
    {%- set route = openshift_setting('route', 'hourly') -%}
    {%- if route not in ('hourly', 'daily') -%}
        {{ exceptions.raise_compiler_error("MILLRACE_OPENSHIFT_ROUTE is '" ~ route ~ "'; write hourly or daily") }}
    {%- endif -%}
    {{ return(route == 'daily') }}
{% endmacro %}

{# A batch is a day: what it holds in memory does not grow with the history. #}
{% macro daily_partition(column) %}
    {{ return({'field': column, 'data_type': 'date', 'granularity': 'day'} if target.type == 'bigquery' else none) }}
{% endmacro %}

{% macro core_hours(core_seconds) %}({{ core_seconds }} / 3600.0){% endmacro %}

{# "Gigabyte" is 2^30 bytes in all of these reports. #}
{% macro gib(bytes) %}({{ bytes }} / 1073741824.0){% endmacro %}

{% macro gib_hours(byte_seconds) %}({{ byte_seconds }} / 3600.0 / 1073741824.0){% endmacro %}

{# Namespaces of what nobody uses: no project of anybody. #}
{% macro unallocated_namespaces() %}('Platform unallocated', 'Worker unallocated', 'Network unattributed', 'Storage unattributed'){% endmacro %}


{# The labels of a day of a node or a namespace: those of its last hour. One row each: labels that change within a day must not
   double what they are joined to. #}
{% macro labels_of_day(relation, thing) -%}
    select source_uuid, usage_date, {{ thing }}, label_text
    from (
        select
            source_uuid,
            {{ utc_date('interval_start_at') }} as usage_date,
            {{ thing }},
            {{ thing }}_labels as label_text,
            row_number() over (
                partition by source_uuid, {{ utc_date('interval_start_at') }}, {{ thing }}
                order by interval_start_at desc, {{ byte_order(thing ~ '_labels') }} desc
            ) as place
        from {{ relation }}
    ) as labels
    where place = 1
{%- endmacro %}


{# For each row of `relation`, one per `grain`, the enabled labels of its label texts as canonical JSON in `labels`: keys in byte
   order, no blanks. Where two texts have a key, the later in `texts` has it. A key that is mapped goes by its parent's name, unless
   the row has the parent itself. `dictionary` has the texts' keys and values. #}
{% macro merged_labels(relation, grain, texts, dictionary) -%}
    select {{ grain | join(', ') }}, {{ json_object_of('label_key', 'label_value') }} as labels
    from (
        select
            {%- for column in grain %}
            found.{{ column }},
            {%- endfor %}
            found.label_key,
            found.label_value,
            row_number() over (
                partition by {% for column in grain %}found.{{ column }}, {% endfor %}found.label_key
                order by found.is_child, found.priority desc, {{ byte_order('found.published_key') }}
            ) as place
        from (
            {%- for text in texts %}
            select
                {%- for column in grain %}
                texts.{{ column }},
                {%- endfor %}
                {{ loop.index }} as priority,
                entries.label_key as published_key,
                coalesce(enabled.parent_key, entries.label_key) as label_key,
                case when enabled.parent_key is null then 0 else 1 end as is_child,
                entries.label_value
            from {{ relation }} as texts
            inner join {{ dictionary }} as entries on entries.label_text = texts.{{ text }}
            inner join {{ ref('int_enabled_label_key') }} as enabled
                on enabled.source_uuid = texts.source_uuid
                and enabled.label_key = entries.label_key
            {{- '\n            union all' if not loop.last }}
            {%- endfor %}
        ) as found
    ) as ranked
    where place = 1
    group by {{ grain | join(', ') }}
{%- endmacro %}


{# The CTE `merged`, and those that it reads: for each distinct `grain` of `rows`, which tells a cluster, a day, a namespace and a node,
   the enabled labels of that node, of that namespace and of the texts of the grain itself, the later over the earlier. #}
{% macro labels_in_their_place(rows, grain, texts, dictionary) -%}
node_labels as (
    {{ labels_of_day(ref('stg_openshift__node_labels'), 'node') }}
),

namespace_labels as (
    {{ labels_of_day(ref('stg_openshift__namespace_labels'), 'namespace') }}
),

texts as (
    select
        {%- for column in grain %}
        placed.{{ column }},
        {%- endfor %}
        node_labels.label_text as node_labels,
        namespace_labels.label_text as namespace_labels
    from (select distinct {{ grain | join(', ') }} from {{ rows }}) as placed
    {%- for thing in ['node', 'namespace'] %}
    left join {{ thing }}_labels
        on {{ thing }}_labels.source_uuid = placed.source_uuid
        and {{ thing }}_labels.usage_date = placed.usage_date
        and {{ thing }}_labels.{{ thing }} = placed.{{ thing }}
    {%- endfor %}
),

merged as (
    {{ merged_labels('texts', grain, ['node_labels', 'namespace_labels'] + texts, dictionary) }}
)
{%- endmacro %}


{# Settings of a model that is built a day at a time: a day is replaced whole, so a day that was sent again leaves nothing behind. #}
{% macro daily_batches() %}
    {{ config(
        materialized='incremental',
        incremental_strategy='microbatch',
        event_time='usage_date',
        begin=var('openshift_begins'),
        batch_size='day',
        lookback=3,
        concurrent_batches=false,
        on_schema_change='fail',
        partition_by=daily_partition('usage_date'),
        cluster_by=['source_uuid'] if target.type == 'bigquery' else none
    ) }}
{% endmacro %}


{# A model of every label text in the (relation, column) pairs, each parsed once, ever: a text means the same for good, so a run
   adds those that are new. #}
{% macro label_dictionary(columns) %}
{{ config(materialized='incremental', incremental_strategy='merge' if target.type == 'bigquery' else 'append', on_schema_change='fail', post_hook="{{ analyse(this) }}") }}
with found as (
    {%- for relation, column in columns %}
    select {{ column }} as label_text from {{ relation }}
    {{- '\n    union distinct' if not loop.last }}
    {%- endfor %}
),

texts as (
    select found.label_text
    from found
    {%- if is_incremental() %}
    left join (select distinct label_text from {{ this }}) as known on known.label_text = found.label_text
    {%- endif %}
    where found.label_text not in ('', '{}')
    {%- if is_incremental() %}
    and known.label_text is null
    {%- endif %}
)

{{ label_entries('texts') }}
{% endmacro %}


{# Rows (source_uuid, usage_date, data_source, namespace, node, labels, metric, quantity) of a relation for the metrics that its clusters
   have rates for: `quantities` gives for each metric how much of it a row has, `labels` the labels by which rates of tags hold. #}
{% macro billed_quantities(relation, data_source, labels, quantities) -%}
    select
        billed.source_uuid,
        billed.usage_date,
        '{{ data_source }}' as data_source,
        billed.namespace,
        billed.node,
        {{ labels }} as labels,
        priced.metric,
        cast(
            case priced.metric
                {%- for metric, quantity in quantities.items() %}
                when '{{ metric }}' then {{ quantity }}
                {%- endfor %}
            end as {{ type_double() }}
        ) as quantity
    from {{ relation }} as billed
    inner join (select distinct source_uuid, metric from {{ ref('int_rate') }}) as priced
        on priced.source_uuid = billed.source_uuid
        and priced.metric in ('{{ quantities | join("', '") }}')
{%- endmacro %}

{# The rows of a relation of decisions that hold for each cluster: of each `thing`, its own, or else those for all clusters (*). #}
{% macro decided_for_clusters(name, thing, columns) -%}
    select source_uuid, {{ columns | join(', ') }}
    from (
        select
            clusters.source_uuid,
            {%- for column in columns %}
            decided.{{ column }},
            {%- endfor %}
            rank() over (
                partition by clusters.source_uuid{{ ', decided.' ~ thing if thing }}
                order by case when decided.source_uuid = '*' then 1 else 0 end
            ) as place
        from {{ ref('int_cluster') }} as clusters
        inner join {{ decided(name) }} as decided on decided.source_uuid in ('*', clusters.source_uuid)
    ) as ranked
    where place = 1
{%- endmacro %}

{# Pods' hours at a coarser grain. What nodes and clusters offer is no sum over pods and is not among them. #}
{% macro summed_pod_hours() -%}
    {%- for measure in ['usage', 'request', 'effective_usage', 'limit'] %}
    sum(used.pod_{{ measure }}_cpu_core_hours) as pod_{{ measure }}_cpu_core_hours,
    sum(used.pod_{{ measure }}_memory_gib_hours) as pod_{{ measure }}_memory_gib_hours
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# Used of what was requested, in percent: above 100 where more was used, 0 where nothing was requested. #}
{% macro efficiency_percent(usage, request) %}coalesce(100.0 * {{ usage }} / nullif({{ request }}, 0), 0){% endmacro %}

{# Cost of what was requested and not used. Where nothing was requested, nothing was held back from others in vain. #}
{% macro waste(cost, usage, request) %}coalesce(greatest({{ cost }} * (1 - {{ usage }} / nullif({{ request }}, 0)), 0), 0){% endmacro %}


{# The category of each namespace in a relation. One that matches several patterns has the category with the highest id. #}
{% macro namespace_categories(relation) -%}
    select namespace, category
    from (
        select
            namespaces.namespace,
            categories.category,
            row_number() over (partition by namespaces.namespace order by categories.category_id desc) as place
        from (select distinct namespace from {{ relation }}) as namespaces
        inner join {{ decided('namespace_categories') }} as categories on namespaces.namespace like categories.pattern
    ) as matching
    where place = 1
{%- endmacro %}
