{{- define "hpw.verification.labels" -}}
{{ include "hpw.component.selectorLabels" (dict "root" . "component" "verification") }}
{{- end }}

{{- /* The file of `backups watch`. */}}
{{- define "hpw.verification.config" -}}
{{- $settings := .Values.backupVerification -}}
listen: {{ include "hpw.listen" (dict "root" . "port" .Values.ports.metrics) | quote }}
interval: {{ $settings.interval }}
log:
  {{- toYaml .Values.log | nindent 2 }}
targets:
  {{- range $settings.targets }}
  - {{- include "hpw.verification.target" (list . $settings) | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "hpw.verification.target" -}}
{{- $target := index . 0 -}}
{{- $paths := dict -}}
{{- if or $target.caConfigMap $target.caSecret }}{{ $_ := set $paths "ca" (printf "/ca/%s/ca.crt" $target.name) }}{{ end }}
{{- if $target.credentialsSecret }}{{ $_ := set $paths "credentials" (printf "/credentials/%s" $target.name) }}{{ end }}
{{- if (index . 1).walgList.enabled }}{{ $_ := set $paths "walgList" (printf "/lists/%s.json" $target.name) }}{{ end }}
{{- merge $paths (omit $target "caConfigMap" "caSecret" "credentialsSecret") | toYaml }}
{{- end }}

{{- /* Writes WAL-G's list for `backups watch`, for ever; never fails. A list that was begun is not
       seen: each file comes by a rename, the exit status last. */}}
{{- define "hpw.verification.script" -}}
child=
trap 'kill $child 2>/dev/null; exit 0' TERM INT
# A file can have at most 4 MiB: the volume is never full.
ulimit -f 8192
while :; do
    status=0
    timeout "$LIST_TIMEOUT" wal-g backup-list --detail --json >"$LIST.new" 2>"$LIST.errors.new" &
    child=$!
    wait $child || status=$?
    echo $status >"$LIST.status.new"
    for part in .errors "" .status; do
        mv -f "$LIST$part.new" "$LIST$part" || true
    done
    sleep "$LIST_INTERVAL" &
    child=$!
    wait $child || true
done
{{- end }}

{{- /* The environment of WAL-G: target, section. */}}
{{- define "hpw.verification.walg.env" -}}
{{- $target := index . 0 -}}
{{- $settings := index . 1 -}}
- name: LIST
  value: /lists/{{ $target.name }}.json
- name: LIST_INTERVAL
  value: {{ include "hpw.seconds" $settings.interval | quote }}
- name: LIST_TIMEOUT
  value: {{ include "hpw.seconds" $settings.walgList.timeout | quote }}
- name: WALG_S3_PREFIX
  value: {{ $target.prefix | quote }}
- name: AWS_REGION
  value: {{ $target.region | quote }}
{{- with $target.endpoint }}
- name: AWS_ENDPOINT
  value: {{ . | quote }}
{{- end }}
{{- if $target.pathStyle }}
- name: AWS_S3_FORCE_PATH_STYLE
  value: "true"
{{- end }}
{{- if or $target.caConfigMap $target.caSecret }}
- name: WALG_S3_CA_CERT_FILE
  value: /ca/{{ $target.name }}/ca.crt
{{- end }}
{{- range $key := ternary (list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" "AWS_SESSION_TOKEN") list (not (empty $target.credentialsSecret)) }}
- name: {{ $key }}
  valueFrom:
    secretKeyRef:
      name: {{ $target.credentialsSecret }}
      key: {{ $key }}
      {{- if eq $key "AWS_SESSION_TOKEN" }}
      optional: true
      {{- end }}
{{- end }}
{{- with include "hpw.component.env" $settings | trim }}
{{ . }}
{{- end }}
{{- /* WAL-G looks for a file of settings at home, and does not start when it does not know whose. */}}
- name: HOME
  value: /tmp
- name: USER
  value: postgres
{{- end }}
