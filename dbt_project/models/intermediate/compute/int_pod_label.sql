{{ label_dictionary([
    (ref('int_pod_day'), 'pod_labels'),
    (ref('stg_openshift__node_labels'), 'node_labels'),
    (ref('stg_openshift__namespace_labels'), 'namespace_labels'),
]) }}
