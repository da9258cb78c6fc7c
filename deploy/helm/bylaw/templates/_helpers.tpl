{{- define "bylaw.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "bylaw.fullname" -}}
{{- $name := include "bylaw.name" . -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $full .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "bylaw.selector" -}}
app.kubernetes.io/name: {{ include "bylaw.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "bylaw.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "bylaw.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "bylaw.serviceAccount" -}}
{{- ternary (default (include "bylaw.fullname" .) .Values.serviceAccount.name) (default "default" .Values.serviceAccount.name) .Values.serviceAccount.create -}}
{{- end -}}

{{- define "bylaw.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ default $.Chart.AppVersion .tag }}{{ end -}}
{{- end -}}
{{- end -}}

{{- define "bylaw.tlsSecret" -}}
{{- default (printf "%s-tls" (include "bylaw.fullname" .)) .Values.tls.secretName -}}
{{- end -}}

{{- define "bylaw.hosts" -}}
{{- $name := include "bylaw.fullname" . -}}
{{- $space := .Release.Namespace -}}
{{- list $name (printf "%s.%s" $name $space) (printf "%s.%s.svc" $name $space) (printf "%s.%s.svc.cluster.local" $name $space) | toJson -}}
{{- end -}}

{{/* Whether the API server has to show a certificate. */}}
{{- define "bylaw.clientCertificates" -}}
{{- if and .Values.webhook.enabled (eq .Values.webhook.authentication "certificate") (not .Values.insecure) }}true{{ end -}}
{{- end -}}

{{/* What values must agree on; what schemas cannot say. */}}
{{- define "bylaw.checked" -}}
{{- if and .Values.webhook.enabled (not .Values.insecure) -}}
{{- if and (eq .Values.webhook.authentication "certificate") (not .Values.webhook.clientCA.secretName) -}}
{{- fail "webhook.clientCA.secretName is empty: name the secret with the PEM of who vouches for the API server's certificate, or set webhook.authentication=none where it has none to show; see docs/kubernetes-install.md" -}}
{{- end -}}
{{- end -}}
{{- if and (eq .Values.tls.source "secret") (not (and .Values.tls.secretName .Values.tls.caBundle)) -}}
{{- fail "tls.source is secret: set tls.secretName and tls.caBundle" -}}
{{- end -}}
{{- if and .Values.verify.enabled (not .Values.store.url) -}}
{{- fail "verify.enabled needs store.url: without it each pod has a log of its own" -}}
{{- end -}}
{{- if and (not .Values.catalog) (not .Values.paths) (not (dig "catalog" "base" "" .Values.config)) -}}
{{- fail "there is no catalog: set config.catalog.base, catalog or paths; see docs/kubernetes-install.md" -}}
{{- end -}}
{{- end -}}

{{/* bylaw.yaml: what the values say, and over it what the chart knows. */}}
{{- define "bylaw.config" -}}
{{- $ours := dict "version" 1 -}}
{{- $_ := set $ours "store" (default "sqlite:////var/lib/bylaw/bylaw.db" .Values.store.url) -}}
{{- $tls := dict "certificate" "/etc/bylaw/tls/tls.crt" "key" "/etc/bylaw/tls/tls.key" -}}
{{- $callers := dig "server" "callers" list .Values.config -}}
{{- if include "bylaw.clientCertificates" . -}}
{{- $_ := set $tls "client_ca" "/etc/bylaw/client-ca/ca.crt" -}}
{{- $callers = append $callers (dict "name" "kube-apiserver" "certificate" .Values.webhook.clientName "scopes" (list "admission:review")) -}}
{{- else if and .Values.webhook.enabled (not .Values.insecure) -}}
{{- $callers = append $callers (dict "name" "kube-apiserver" "anyone" true "scopes" (list "admission:review")) -}}
{{- end -}}
{{- $_ := set $ours "server" (dict "workers" .Values.workers "tls" $tls "callers" $callers) -}}
{{- if .Values.policies -}}
{{- $_ := set $ours "policies" (dict "paths" (append (dig "policies" "paths" list .Values.config) "/etc/bylaw/policies")) -}}
{{- end -}}
{{- $admission := dict -}}
{{- if .Values.constraints -}}
{{- $_ := set $admission "paths" (append (dig "admission" "paths" list .Values.config) "/etc/bylaw/constraints") -}}
{{- end -}}
{{- if .Values.inventory -}}
{{- $_ := set $admission "inventory" (append (dig "admission" "inventory" list .Values.config) "/etc/bylaw/inventory") -}}
{{- end -}}
{{- if $admission -}}{{- $_ := set $ours "admission" $admission -}}{{- end -}}
{{- if .Values.waivers -}}
{{- $_ := set $ours "waivers" (dict "paths" (append (dig "waivers" "paths" list .Values.config) "/etc/bylaw/waivers/waivers.yaml")) -}}
{{- end -}}
{{- toYaml (mergeOverwrite (deepCopy .Values.config) $ours) -}}
{{- end -}}

{{/* The key of a file in a ConfigMap, which has no slash. */}}
{{- define "bylaw.key" -}}
{{- . | replace "/" "__" -}}
{{- end -}}
