{{- define "shelflens.name" -}}
{{- $name := ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) (contains .Chart.Name .Release.Name) -}}
{{ $name | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- define "shelflens.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "shelflens.labels" -}}
{{ include "shelflens.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "shelflens.databaseSecret" -}}
{{- if .Values.database.cloudNativePG.enabled -}}
{{ include "shelflens.name" . }}-db-app
{{- else -}}
{{ required "Set database.existingSecret, or database.cloudNativePG.enabled." .Values.database.existingSecret }}
{{- end }}
{{- end }}

{{- define "shelflens.databaseKey" -}}
{{ ternary "uri" .Values.database.key .Values.database.cloudNativePG.enabled }}
{{- end }}
