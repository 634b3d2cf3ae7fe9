{{- define "hpw.alertLabels" -}}
severity: {{ index . 1 }}
{{- with (index . 0).Values.prometheusRule.alertLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* The alerts of backupVerification. */}}
{{- define "hpw.verificationAlerts" -}}
{{- $interval := include "hpw.seconds" .Values.backupVerification.interval | int64 -}}
{{- $ours := printf "namespace=%q,service=\"%s-verification\"" .Release.Namespace (include "hpw.fullname" .) -}}
- alert: HarborPgWebhookBackupDamaged
  expr: harbor_pg_webhook_backup_findings{ {{- $ours -}} } > 0
  labels:
    {{- include "hpw.alertLabels" (list . "critical") | nindent 4 }}
  annotations:
    summary: A backup of a Harbor database cannot be relied on
    description: {{ `{{ $value }} findings in {{ $labels.prefix }}. Each names an object, what it means for a restore and the way out: the log of container watch has them, and so has harbor-pg-webhook backups verify.` | quote }}
- alert: HarborPgWebhookBackupNotJudged
  expr: harbor_pg_webhook_backup_unknown{ {{- $ours -}} } > 0
  {{- /* Two looks in a row. */}}
  for: {{ add $interval 300 }}s
  labels:
    {{- include "hpw.alertLabels" (list . "warning") | nindent 4 }}
  annotations:
    summary: Whether a Harbor database could be restored is not known
    description: {{ `{{ $value }} questions about {{ $labels.prefix }} could not be answered, twice in a row: network, keys, rights, or WAL-G's list. The log of container watch says which.` | quote }}
{{- range .Values.backupVerification.targets }}
{{- $target := printf "%s,prefix=%q" $ours .prefix }}
{{- /* What came since the last look is not seen before the next one. */}}
{{- with .maxBackupAge }}
- alert: HarborPgWebhookBackupTooOld
  expr: harbor_pg_webhook_backup_age_seconds{ {{- $target -}} } > {{ add $interval (include "hpw.seconds" .) }}
  labels:
    {{- include "hpw.alertLabels" (list $ "critical") | nindent 4 }}
  annotations:
    summary: The newest backup of a Harbor database is too old
    description: {{ printf "The newest backup in {{ $labels.prefix }} that can be restored is {{ $value | humanizeDuration }} old, expected at most %s." . | quote }}
{{- end }}
{{- with .maxWalAge }}
- alert: HarborPgWebhookWalTooOld
  expr: harbor_pg_webhook_backup_wal_age_seconds{ {{- $target -}} } > {{ add $interval (include "hpw.seconds" .) }}
  labels:
    {{- include "hpw.alertLabels" (list $ "critical") | nindent 4 }}
  annotations:
    summary: A Harbor database does not archive
    description: {{ printf "The newest WAL in {{ $labels.prefix }} is {{ $value | humanizeDuration }} old, expected at most %s: what was written since would be lost." . | quote }}
{{- end }}
{{- end }}
- alert: HarborPgWebhookVerificationStale
  expr: time() - harbor_pg_webhook_backup_verified_timestamp_seconds{ {{- $ours -}} } > {{ mul 2 $interval }}
  for: 5m
  labels:
    {{- include "hpw.alertLabels" (list . "warning") | nindent 4 }}
  annotations:
    summary: Backups of a Harbor database have not been verified for two intervals
    description: {{ `The last verification of {{ $labels.prefix }} that could tell everything ended {{ $value | humanizeDuration }} ago. The log of container watch says what it cannot tell, or what it waits for.` | quote }}
{{- range .Values.backupVerification.targets }}
- alert: HarborPgWebhookVerificationAbsent
  expr: absent(harbor_pg_webhook_backup_verified_timestamp_seconds{ {{- printf "%s,prefix=%q" $ours .prefix -}} })
  for: {{ mul 2 $interval }}s
  labels:
    {{- include "hpw.alertLabels" (list $ "warning") | nindent 4 }}
  annotations:
    summary: Backups of a Harbor database have never been verified
    description: {{ `No verification of {{ $labels.prefix }} could tell everything since the pod was started two intervals ago.` | quote }}
{{- end }}
- alert: HarborPgWebhookVerificationDown
  expr: absent(up{ {{- $ours -}} } == 1)
  for: 15m
  labels:
    {{- include "hpw.alertLabels" (list . "warning") | nindent 4 }}
  annotations:
    summary: Nobody verifies the backups of Harbor's databases
    description: "Nothing of it is scraped: its pod does not run, or Prometheus does not reach it. What becomes of the backups now is not noticed."
{{- end }}

{{- /* The alerts of secretsBackup, from kube-state-metrics. */}}
{{- define "hpw.secretsAlerts" -}}
{{- $names := list -}}
{{- range .Values.secretsBackup.sources }}{{ $names = append $names (include "hpw.secrets.name" (list $ .)) }}{{ end }}
{{- $ours := printf "namespace=%q,cronjob=~%q" .Release.Namespace (join "|" $names) -}}
{{- range $name := $names }}
{{- $jobs := printf "namespace=%q,job_name=~\"%s-[0-9]+\"" $.Release.Namespace $name }}
- alert: HarborPgWebhookSecretsBackupFailed
  {{- /* A failed Job stays for some time: only one that began after the last success counts. */}}
  expr: >-
    max by (namespace) (kube_job_status_start_time{ {{- $jobs -}} }
    and on (namespace, job_name) kube_job_failed{ {{- $jobs -}} ,condition="true"} == 1)
    > scalar(max(kube_cronjob_status_last_successful_time{namespace={{ $.Release.Namespace | quote }},cronjob={{ $name | quote }}}) or vector(0))
  labels:
    {{- include "hpw.alertLabels" (list $ "warning") | nindent 4 }}
    cronjob: {{ $name }}
  annotations:
    summary: Secrets of a Harbor were not copied, or not all
    description: {{ printf "The last run of CronJob %s failed, or its copy is not complete. The log of its pod says which." $name | quote }}
{{- end }}
- alert: HarborPgWebhookSecretsBackupMissing
  {{- /* One schedule is the time from the last run to the next. */}}
  expr: >-
    time() - (max by (cronjob) (kube_cronjob_status_last_successful_time{ {{- $ours -}} })
    or max by (cronjob) (kube_cronjob_created{ {{- $ours -}} }))
    > 2 * (max by (cronjob) (kube_cronjob_next_schedule_time{ {{- $ours -}} })
    - (max by (cronjob) (kube_cronjob_status_last_schedule_time{ {{- $ours -}} })
    or max by (cronjob) (kube_cronjob_created{ {{- $ours -}} })))
  for: 1h
  labels:
    {{- include "hpw.alertLabels" (list . "critical") | nindent 4 }}
  annotations:
    summary: There is no complete copy of a Harbor's Secrets of the last two schedules
    description: {{ `The last complete copy by CronJob {{ $labels.cronjob }} was made {{ $value | humanizeDuration }} ago, or never. Without the Secrets a restored registry cannot decrypt what it keeps for others.` | quote }}
{{- end }}
