{{- define "hpw.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "hpw.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride }}{{ $name = .Values.fullnameOverride }}
{{- else if not (contains $name .Release.Name) }}{{ $name = printf "%s-%s" .Release.Name $name }}
{{- else }}{{ $name = .Release.Name }}
{{- end }}
{{- /* Suffixes such as -cert-manager-ca still fit, and a Service has at most 63 characters. */}}
{{- $name | trunc 47 | trimSuffix "-" }}
{{- end }}

{{- define "hpw.selectorLabels" -}}
app.kubernetes.io/name: {{ include "hpw.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "hpw.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "hpw.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* The metadata of an object of this release: root, optional suffix, labels and annotations. */}}
{{- define "hpw.metadata" -}}
name: {{ include "hpw.fullname" .root }}{{ with .suffix }}-{{ . }}{{ end }}
{{- if not .clusterScoped }}
namespace: {{ .root.Release.Namespace | quote }}
{{- end }}
labels:
  {{- include "hpw.labels" .root | nindent 2 }}
  {{- with .labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "hpw.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "hpw.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "hpw.image" -}}
{{- with .Values.image -}}
{{- with .registry }}{{ . }}/{{ end }}{{ .repository }}
{{- if or .tag (not .digest) }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- with .digest }}@{{ . }}{{ end }}
{{- end }}
{{- end }}

{{- define "hpw.caSecret" -}}
{{ include "hpw.fullname" . }}-ca
{{- end }}

{{- /* The Secret with the serving certificate; none in mode managed. */}}
{{- define "hpw.certificateSecret" -}}
{{- if eq .Values.tls.mode "files" }}{{ .Values.tls.secretName }}{{ end }}
{{- if eq .Values.tls.mode "certManager" }}{{ include "hpw.fullname" . }}-tls{{ end }}
{{- end }}

{{- /* The account's token, where programs look for it. */}}
{{- define "hpw.tokenVolume" -}}
- name: token
  projected:
    sources:
      - serviceAccountToken:
          path: token
          expirationSeconds: 3600
      - configMap:
          name: kube-root-ca.crt
          items:
            - key: ca.crt
              path: ca.crt
{{- end }}

{{- /* "10s" in whole seconds, rounded up. */}}
{{- define "hpw.seconds" -}}
{{- $factors := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 -}}
{{- $number := regexFind "^[0-9]+" . | int64 -}}
{{- $factor := get $factors (regexFind "[a-z]+$" .) | int64 -}}
{{- div (add (mul $number $factor) 999) 1000 }}
{{- end }}

{{- /* "64MiB" or "160Mi" in bytes; empty for what has another form, as "1.5Gi". */}}
{{- define "hpw.bytes" -}}
{{- $text := ternary (int64 .) . (kindIs "float64" .) | toString -}}
{{- if regexMatch "^[0-9]+([KMG]i?B?|k|B)?$" $text }}
{{- $unit := regexFind "[A-Za-z]+$" $text | trimSuffix "B" | upper -}}
{{- $factors := dict "" 1 "K" 1000 "M" 1000000 "G" 1000000000 "KI" 1024 "MI" 1048576 "GI" 1073741824 -}}
{{- mul (regexFind "^[0-9]+" $text | int64) (get $factors $unit | int64) }}
{{- end }}
{{- end }}

{{- /* The profiles as YAML, without those that a values file took away with null. */}}
{{- define "hpw.profiles" -}}
{{- $profiles := dict -}}
{{- range $name, $profile := . }}
{{- if not (kindIs "invalid" $profile) }}{{ $_ := set $profiles $name $profile }}{{ end }}
{{- end }}
{{- toYaml $profiles }}
{{- end }}

{{- /* The restore profiles with `enabled`, which the binary always has. */}}
{{- define "hpw.restoreProfiles" -}}
{{- $profiles := include "hpw.profiles" .Values.restoreProfiles | fromYaml -}}
{{- if not (hasKey $profiles "enabled") }}
{{- $_ := set $profiles "enabled" (dict "from" "namespace") }}
{{- end }}
{{- toYaml $profiles }}
{{- end }}

{{- define "hpw.listen" -}}
{{ .root.Values.server.address }}:{{ .port }}
{{- end }}

{{- /* The configuration file of the binary. */}}
{{- define "hpw.config" -}}
server:
  listen: {{ include "hpw.listen" (dict "root" . "port" .Values.ports.webhook) | quote }}
  metricsListen: {{ include "hpw.listen" (dict "root" . "port" .Values.ports.metrics) | quote }}
  {{- omit .Values.server "address" | toYaml | nindent 2 }}
tls:
  {{- if eq .Values.tls.mode "managed" }}
  mode: managed
  managed:
    namespace: {{ .Release.Namespace | quote }}
    service: {{ include "hpw.fullname" . }}
    secret: {{ include "hpw.caSecret" . }}
    mutatingConfiguration: {{ include "hpw.fullname" . }}
    validatingConfiguration: {{ include "hpw.fullname" . }}
  {{- else }}
  mode: files
  certFile: /certs/tls.crt
  keyFile: /certs/tls.key
  {{- end }}
  {{- if .Values.tls.clientCASecretName }}
  clientCAFile: /client-ca/ca.crt
  {{- end }}
log:
  {{- toYaml .Values.log | nindent 2 }}
database:
  {{- toYaml .Values.database | nindent 2 }}
restoreProfiles:
  {{- include "hpw.restoreProfiles" . | nindent 2 }}
backupProfiles:
  {{- include "hpw.profiles" .Values.backupProfiles | nindent 2 }}
{{- end }}
