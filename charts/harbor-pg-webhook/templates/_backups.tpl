{{- /* What backupVerification and secretsBackup have in common. Their objects and pods carry a name
       of their own, so that nothing that selects the webhook's pods finds them. */}}

{{- /* root and component, "verification" or "secrets". */}}
{{- define "hpw.component.selectorLabels" -}}
app.kubernetes.io/name: {{ printf "%s-%s" (include "hpw.name" .root | trunc 49 | trimSuffix "-") .component }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{- /* root, component, and optionally a whole name, namespace, labels and annotations. */}}
{{- define "hpw.component.metadata" -}}
name: {{ .name | default (printf "%s-%s" (include "hpw.fullname" .root) .component) }}
namespace: {{ .namespace | default .root.Release.Namespace | quote }}
labels:
  {{- $labels := merge (include "hpw.component.selectorLabels" . | fromYaml) (include "hpw.labels" .root | fromYaml) }}
  {{- merge $labels (.labels | default dict) | toYaml | nindent 2 }}
{{- with .annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* The labels of a pod: root, component. */}}
{{- define "hpw.component.podLabels" -}}
{{- $labels := include "hpw.component.selectorLabels" . | fromYaml -}}
{{- merge $labels (deepCopy .root.Values.podLabels) .root.Values.commonLabels | toYaml }}
{{- end }}

{{- /* What every pod of the two has: root. */}}
{{- define "hpw.component.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- toYaml .root.Values.securityContext | nindent 2 }}
{{- with .root.Values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* A section's environment: what a container takes its role from, and what a person adds. */}}
{{- define "hpw.component.env" -}}
{{- with .webIdentity.roleArn -}}
- name: AWS_ROLE_ARN
  value: {{ . | quote }}
- name: AWS_WEB_IDENTITY_TOKEN_FILE
  value: /var/run/secrets/sts/token
{{- end }}
{{- with .extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "hpw.webIdentity.mount" -}}
{{- if .roleArn -}}
- name: web-identity
  mountPath: /var/run/secrets/sts
  readOnly: true
{{- end }}
{{- end }}

{{- define "hpw.webIdentity.volume" -}}
{{- if .roleArn -}}
- name: web-identity
  projected:
    sources:
      - serviceAccountToken:
          path: token
          audience: {{ .audience | quote }}
          expirationSeconds: 3600
{{- end }}
{{- end }}

{{- /* The `ca.crt` of a place, from caConfigMap or caSecret: name of the volume, place. */}}
{{- define "hpw.ca.volume" -}}
{{- if .place.caConfigMap -}}
- name: {{ .name }}
  configMap:
    name: {{ .place.caConfigMap }}
    items: [{key: ca.crt, path: ca.crt}]
{{- else if .place.caSecret -}}
- name: {{ .name }}
  secret:
    secretName: {{ .place.caSecret }}
    items: [{key: ca.crt, path: ca.crt}]
{{- end }}
{{- end }}
