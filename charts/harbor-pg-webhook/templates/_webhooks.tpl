{{- /* What both webhook configurations are made of. */}}

{{- define "hpw.webhookAnnotations" -}}
{{- if eq .Values.tls.mode "certManager" }}
cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/{{ include "hpw.fullname" . }}
{{- end }}
{{- with .Values.webhooks.annotations }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* Somebody else fills it in: the webhook itself, or cert-manager. A value here would be put
       back at every upgrade. */}}
{{- define "hpw.caBundle" -}}
{{- if eq .Values.tls.mode "files" }}
{{- with .Values.tls.caBundle }}
{{- if contains "-----BEGIN" . }}{{ b64enc . }}{{ else }}{{ nospace . }}{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Conditions of selectors are all required, so what a value adds can never bring the two
       excluded namespaces back. Without them a webhook that is down could not come up again. */}}
{{- define "hpw.namespaceSelector" -}}
{{- $extra := .root.Values.webhooks.namespaceSelector -}}
matchExpressions:
  - key: kubernetes.io/metadata.name
    operator: NotIn
    values: {{ list "kube-system" .root.Release.Namespace | uniq | toJson }}
  {{- range .expressions }}
  - {{ toJson . }}
  {{- end }}
  {{- range $extra.matchExpressions }}
  - {{ toJson . }}
  {{- end }}
{{- with $extra.matchLabels }}
matchLabels:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* One entry: root, name, path, failurePolicy, group and resource, operations, conditions, and
       `extra`: the values that narrow this kind of entry. */}}
{{- define "hpw.entry" -}}
- name: {{ .name }}.harbor-pg-webhook.internal
  admissionReviewVersions: [v1, v1beta1]
  clientConfig:
    {{- with include "hpw.caBundle" .root }}
    caBundle: {{ . }}
    {{- end }}
    service:
      name: {{ include "hpw.fullname" .root }}
      namespace: {{ .root.Release.Namespace | quote }}
      path: {{ .path }}
      port: 443
  rules:
    - apiGroups: [{{ .group | quote }}]
      apiVersions: [v1]
      operations: {{ .operations | toJson }}
      resources: [{{ .resource }}]
      scope: Namespaced
  namespaceSelector:
    {{- include "hpw.namespaceSelector" . | nindent 4 }}
  {{- with .extra.objectSelector }}
  objectSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  matchConditions:
    {{- .conditions | nindent 4 }}
    {{- with .extra.matchConditions }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  failurePolicy: {{ .failurePolicy }}
  matchPolicy: {{ .root.Values.webhooks.matchPolicy }}
  sideEffects: None
  timeoutSeconds: {{ .root.Values.webhooks.timeoutSeconds }}
{{- if .mutating }}
  reinvocationPolicy: {{ .root.Values.webhooks.reinvocationPolicy }}
{{- end }}
{{- end }}

{{- /* The server's own test of what is Harbor's (docs/decisions.md), so that nobody else's resource
       depends on us, and what changes nothing of it is never held up. */}}
{{- define "hpw.postgresqlConditions" -}}
- name: of-harbor
  expression: >-
    [object, oldObject].exists(o, o != null && (
    (has(o.metadata.annotations) && o.metadata.annotations.exists(key,
    key.startsWith(request.namespace + '.harborcluster.checksum.goharbor.io/'))) ||
    (has(o.metadata.ownerReferences) && o.metadata.ownerReferences.exists(owner,
    owner.kind == 'HarborCluster' && owner.apiVersion.startsWith('goharbor.io/'))) ||
    (has(o.metadata.name) && has(o.spec) && has(o.spec.teamId) &&
    o.spec.teamId == 'postgresql-' + request.namespace &&
    o.metadata.name.startsWith('postgresql-' + request.namespace + '-'))))
- name: not-being-deleted
  expression: "!has(object.metadata.deletionTimestamp)"
- name: spec-or-repair-changed
  expression: >-
    oldObject == null || has(object.spec) != has(oldObject.spec) ||
    (has(object.spec) && object.spec != oldObject.spec) ||
    {{ include "hpw.repairAnnotation" "object" }} !=
    {{ include "hpw.repairAnnotation" "oldObject" }}
{{- end }}

{{- /* CEL: the value of the annotation, '' for none. On one line, for it stands in a folded text. */}}
{{- define "hpw.repairAnnotation" -}}
{{- $key := "'harbor-pg-webhook/repair'" -}}
(has({{ . }}.metadata.annotations) && {{ $key }} in {{ . }}.metadata.annotations ? {{ . }}.metadata.annotations[{{ $key }}] : '')
{{- end }}

{{- /* By what a spilo pod cannot be without, not by labels, which operators can rename. */}}
{{- define "hpw.podConditions" -}}
- name: spilo
  expression: >-
    object.spec.containers != null && object.spec.containers.exists(c,
    c.name == 'postgres' && has(c.env) &&
    c.env.exists(e, e.name == 'SCOPE'))
{{- end }}

{{- define "hpw.configMapConditions" -}}
- name: restore
  expression: >-
    (has(object.metadata.name) && object.metadata.name == 'harbor-pg-restore') ||
    (has(object.metadata.labels) && 'harbor-pg-webhook/config' in object.metadata.labels &&
    object.metadata.labels['harbor-pg-webhook/config'] == 'restore')
- name: not-being-deleted
  expression: "!has(object.metadata.deletionTimestamp)"
{{- end }}

{{- /* The entries of one label: each profile, then whatever else the label says. Without that one a
       typo would let the pod through, into an empty database. Root, kind, label, profiles,
       failurePolicy. */}}
{{- define "hpw.podEntries" -}}
{{- $names := keys .profiles | sortAlpha -}}
{{- $common := dict "root" .root "mutating" true "group" "" "resource" "pods"
    "operations" (list "CREATE") "conditions" (include "hpw.podConditions" .)
    "extra" .root.Values.webhooks.pods -}}
{{- range $name := $names }}
{{ include "hpw.entry" (merge (dict
    "name" (printf "%s-%s" $.kind $name)
    "path" (printf "/v1/pods/%s/%s" $.kind $name)
    "expressions" (list (dict "key" $.label "operator" "In" "values" (list $name)))
    "failurePolicy" $.failurePolicy) $common) }}
{{- end }}
{{- $rest := list (dict "key" .label "operator" "Exists") }}
{{- if $names }}
{{- $rest = append $rest (dict "key" .label "operator" "NotIn" "values" $names) }}
{{- end }}
{{ include "hpw.entry" (merge (dict
    "name" (printf "%s-unlisted" .kind)
    "path" (printf "/v1/pods/%s/unlisted" .kind)
    "expressions" $rest
    "failurePolicy" "Fail") $common) }}
{{- end }}
