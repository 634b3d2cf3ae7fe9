{{- /* The name of a source's objects. A CronJob has at most 52 characters, and "a-b", "c" must not
       be called as "a", "b-c": root, source. */}}
{{- define "hpw.secrets.name" -}}
{{- $root := index . 0 -}}
{{- $source := index . 1 -}}
{{- $hash := printf "%s/%s" $source.namespace $source.harborCluster | sha256sum | trunc 8 -}}
{{- $name := printf "%s-secrets-%s-%s" (include "hpw.fullname" $root) $source.namespace $source.harborCluster -}}
{{ $name | replace "." "-" | trunc 43 | trimSuffix "-" }}-{{ $hash }}
{{- end }}

{{- /* The Secrets of a source, as `secrets backup` computes them, a list in JSON. */}}
{{- define "hpw.secrets.names" -}}
{{- $database := printf "postgresql-%s-%s" .namespace .harborCluster -}}
{{- $names := list -}}
{{- range $role := list "postgres" "standby" "harbor" }}
{{- range $template := list "%s.%s.credentials" "%s.%s.credentials.postgresql.acid.zalan.do" }}
{{- $names = append $names (printf $template $role $database) }}
{{- end }}
{{- end }}
{{- range $ending := list "database-password" "harbor-harbor-core-encryptionkey" "harbor-harbor-core-admin-password" "harbor-harbor-notarysigner-encryption-key" }}
{{- $names = append $names (printf "%s-%s" $.harborCluster $ending) }}
{{- end }}
{{- concat $names (list "harbor-pg-restore" "harbor-pg-backup") (.extraNames | default list) | uniq | toJson }}
{{- end }}

{{- /* The arguments: root, source. */}}
{{- define "hpw.secrets.args" -}}
{{- $settings := (index . 0).Values.secretsBackup -}}
{{- $source := index . 1 -}}
{{- $args := list "secrets" "backup" "--namespace" $source.namespace "--harborcluster" $source.harborCluster -}}
{{- range $source.extraNames }}{{ $args = concat $args (list "--name" .) }}{{ end }}
{{- range $index, $_ := $settings.recipients }}{{ $args = concat $args (list "--recipient" (printf "/recipients/%d.crt" $index)) }}{{ end }}
{{- if $settings.signingSecret }}{{ $args = concat $args (list "--signer" "/signing/tls.key" "--signer-cert" "/signing/tls.crt") }}{{ end }}
{{- $args = concat $args (list "--to" (printf "%s/%s/%s" (trimSuffix "/" $settings.to) $source.namespace $source.harborCluster)) }}
{{- with $settings.cluster }}{{ $args = concat $args (list "--cluster" .) }}{{ end }}
{{- $args = concat $args (list "--region" $settings.region) }}
{{- with $settings.endpoint }}{{ $args = concat $args (list "--endpoint" .) }}{{ end }}
{{- if $settings.pathStyle }}{{ $args = append $args "--path-style" }}{{ end }}
{{- if or $settings.caConfigMap $settings.caSecret }}{{ $args = concat $args (list "--ca" "/ca/ca.crt") }}{{ end }}
{{- if $settings.credentialsSecret }}{{ $args = concat $args (list "--credentials" "/credentials") }}{{ end }}
{{- toYaml $args }}
{{- end }}

{{- /* The metadata of a source's object: root, source, optionally namespace. */}}
{{- define "hpw.secrets.metadata" -}}
{{- $root := index . 0 -}}
{{- $source := index . 1 -}}
{{- $about := dict "harbor-pg-webhook/source" (printf "%s/%s" $source.namespace $source.harborCluster) -}}
{{- $namespace := index (append . "") 2 -}}
{{- include "hpw.component.metadata" (dict "root" $root "component" "secrets" "name" (include "hpw.secrets.name" (list $root $source)) "namespace" $namespace "annotations" $about) }}
{{- end }}
