"""What there is: two clusters with the same names, their nodes, namespaces, workloads and pods, as tables of DuckDB.

Everything is arithmetic on the number of a pod, so that the same size is the same fleet on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

HOURS = 24
REPLICAS = 6  # pods of a workload
PODS_PER_NODE = 30
WORKLOADS_PER_NAMESPACE = 4
SOURCES = ("6a1f0c52-7d3e-5b8a-9c41-0e2d4f6b8a10", "c3d9e7b4-15f2-5046-8e7a-9b0c1d2e3f40")
PLATFORM = ("openshift-etcd", "openshift-monitoring", "openshift-ingress", "kube-system")


@dataclass(frozen=True)
class Fleet:
    """So many rows of the pod report over so many days, in two clusters that share them three to two."""

    rows: int
    days: int = 31
    first: date = date(2025, 10, 1)

    def __post_init__(self) -> None:
        if self.rows < 1 or not 1 <= self.days <= 366:
            raise ValueError(f"{self.rows} rows in {self.days} days: give at least one row, and 1 to 366 days")

    @property
    def pods(self) -> int:
        """Pods at any hour, in both clusters."""
        hours = self.days * HOURS
        return -(-self.rows // hours)

    @property
    def dates(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range(self.days)]


def mixed(number: str, salt: int) -> str:
    """SQL for a fraction from 0 to 1 that belongs to a number: the same everywhere, and without a pattern."""
    return f"(((({number}) + {salt}) * 2654435761 + ({number}) * 40503) % 1000003) / 1000003.0"


def pods_sql(fleet: Fleet) -> str:
    """A row per pod. A third of the workloads name each pod in its labels, as stateful sets do."""
    platform = ", ".join(f"'{name}'" for name in PLATFORM)
    return f"""
        CREATE TABLE pods AS
        WITH numbered AS (
            SELECT
                range AS pod_number,
                CASE WHEN range % 5 < 3 THEN 0 ELSE 1 END AS cluster,
                range // {REPLICAS} AS workload
            FROM range({fleet.pods})
        ), placed AS (
            SELECT
                *,
                CASE
                    WHEN workload % 7 = 0 THEN 'openshift-kube-apiserver'
                    WHEN workload % 7 = 1 THEN [{platform}][1 + workload % {len(PLATFORM)}]
                    ELSE 'project-' || lpad((workload // {WORKLOADS_PER_NAMESPACE})::VARCHAR, 4, '0')
                END AS namespace,
                CASE
                    WHEN workload % 7 = 0 THEN 'master-' || pod_number % 3
                    WHEN workload % 7 = 1 THEN 'infra-' || pod_number % 3
                    ELSE 'worker-' || lpad((pod_number // {PODS_PER_NODE})::VARCHAR, 4, '0')
                END AS node,
                workload % 3 = 0 AS is_stateful,
                substr(md5(workload::VARCHAR), 1, 10) AS template
            FROM numbered
        )
        SELECT
            pod_number,
            cluster,
            workload,
            namespace,
            node,
            CASE WHEN is_stateful THEN 'app-' || workload || '-' || pod_number % {REPLICAS}
                ELSE 'app-' || workload || '-' || template || '-' || substr(md5('p' || pod_number), 1, 5) END AS pod,
            is_stateful,
            split_part(node, '-', 1) AS node_role,
            'i-' || substr(md5(cluster || node), 1, 17) AS resource_id,
            -- Cores and GiB requested; a tenth of the workloads requests nothing.
            CASE WHEN workload % 10 = 9 THEN 0 ELSE ([0.1, 0.5, 2.0])[1 + workload % 3] END AS cores,
            CASE WHEN workload % 10 = 9 THEN 0 ELSE ([0.25, 1.0, 4.0])[1 + workload % 3] END AS gib,
            [
                {_label("'app'", "'app-' || workload")},
                {_label("'environment'", "(['prod', 'staging', 'dev'])[1 + workload % 3]")},
                {_label("'team'", "'team-' || workload % 11")},
                {_label("'version'", "'1.' || workload % 17")},
                {
        _label(
            "CASE WHEN is_stateful THEN 'statefulset_kubernetes_io_pod_name' ELSE 'pod_template_hash' END",
            f"CASE WHEN is_stateful THEN 'app-' || workload || '-' || pod_number % {REPLICAS} ELSE template END",
        )
    }
            ] AS labels,
            [{_label("'tier'", "(['gold', 'silver'])[1 + workload % 2]")}] AS volume_labels,
            [{_label("'app'", "'app-' || workload")}] AS claim_labels
        FROM placed
    """


def hours_sql(day: date, cluster: int, last_row: int, first_hour: int, pods: int) -> str:
    """The pod report of a day: every pod, hour by hour, up to the row with which the fleet ends."""
    load = f"(0.35 + 0.3 * sin(hour * 0.2618) + 0.6 * {mixed('pod_number * 24 + hour + workload * 7', 11)})"
    return f"""
        SELECT
            {_times(day)},
            node, namespace, pod,
            3600 * (cores + 0.02) * {load} AS pod_usage_cpu_core_seconds,
            3600 * cores AS pod_request_cpu_core_seconds,
            7200 * cores AS pod_limit_cpu_core_seconds,
            3600 * (gib + 0.05) * {load} * 1073741824 AS pod_usage_memory_byte_seconds,
            3600 * gib * 1073741824 AS pod_request_memory_byte_seconds,
            7200 * gib * 1073741824 AS pod_limit_memory_byte_seconds,
            32.0 AS node_capacity_cpu_cores,
            32.0 * 3600 AS node_capacity_cpu_core_seconds,
            128.0 * 1073741824 AS node_capacity_memory_bytes,
            128.0 * 1073741824 * 3600 AS node_capacity_memory_byte_seconds,
            node_role, resource_id,
            labels AS pod_labels
        FROM (SELECT range AS hour FROM range({HOURS})), pods
        WHERE cluster = {cluster} AND ({first_hour} + hour) * {pods} + pod_number < {last_row}
        ORDER BY hour, pod_number
    """


def storage_sql(day: date, cluster: int) -> str:
    """The storage report of a day: a claim for each pod of a stateful set."""
    return f"""
        SELECT
            {_times(day)},
            namespace, pod, node,
            'data-' || pod AS persistentvolumeclaim,
            'pv-' || substr(md5(namespace || pod), 1, 12) AS persistentvolume,
            (['gp3-csi', 'local'])[1 + workload % 2] AS storageclass,
            'ebs.csi.aws.com' AS csi_driver,
            'vol-' || substr(md5(pod || namespace), 1, 17) AS csi_volume_handle,
            20.0 * 1073741824 AS persistentvolumeclaim_capacity_bytes,
            20.0 * 1073741824 * 3600 AS persistentvolumeclaim_capacity_byte_seconds,
            20.0 * 1073741824 * 3600 AS volume_request_storage_byte_seconds,
            20.0 * 1073741824 * 3600 * {mixed("pod_number", 5)} AS persistentvolumeclaim_usage_byte_seconds,
            volume_labels AS persistentvolume_labels,
            claim_labels AS persistentvolumeclaim_labels
        FROM (SELECT range AS hour FROM range({HOURS})), pods
        WHERE cluster = {cluster} AND is_stateful
        ORDER BY hour, pod_number
    """


def node_labels_sql(day: date, cluster: int) -> str:
    """The labels of every node, hour by hour."""
    return f"""
        SELECT {_times(day)}, node,
            [
                {_label("'node_role_kubernetes_io'", "node_role")},
                {_label("'zone'", "(['a', 'b', 'c'])[1 + length(node) % 3]")}
            ] AS node_labels
        FROM (SELECT range AS hour FROM range({HOURS})),
            (SELECT DISTINCT node, node_role FROM pods WHERE cluster = {cluster})
        ORDER BY hour, node
    """


def namespace_labels_sql(day: date, cluster: int) -> str:
    """The labels of every namespace, hour by hour."""
    return f"""
        SELECT {_times(day)}, namespace,
            [
                {_label("'team'", "'team-of-' || namespace")},
                {_label("'openshift_io_run_level'", "'1'")}
            ] AS namespace_labels
        FROM (SELECT range AS hour FROM range({HOURS})), (SELECT DISTINCT namespace FROM pods WHERE cluster = {cluster})
        ORDER BY hour, namespace
    """


def _label(key: str, value: str) -> str:
    return f"{{'key': {key}, 'value': {value}}}"


def _times(day: date) -> str:
    month = day.replace(day=1)
    after = (month + timedelta(days=32)).replace(day=1)
    return f"""
            TIMESTAMP_MS '{month} 00:00:00' AS report_period_start,
            TIMESTAMP_MS '{after} 00:00:00' AS report_period_end,
            CAST(TIMESTAMP '{day} 00:00:00' + to_hours(hour) AS TIMESTAMP_MS) AS interval_start,
            CAST(TIMESTAMP '{day} 00:59:59' + to_hours(hour) AS TIMESTAMP_MS) AS interval_end"""
