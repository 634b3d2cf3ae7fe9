#include "server/config_fields.h"

#include "patches/doc.h"
#include "patches/policy_fields.h"
#include "server/config.h"

#define KIB ((uint64_t)1024)
#define MIB (1024 * KIB)
#define SECOND ((uint64_t)1000)
#define HOUR (3600 * SECOND)

static const char *const tls_modes[] = {"files", "managed", "development", NULL};
static const char *const log_levels[] = {"debug", "info", "warn", "error", NULL};
static const char *const log_formats[] = {"json", "text", NULL};

static const struct field limits_fields[] = {
    {"body", FIELD_SIZE, offsetof(struct config_limits, body), "7MiB",
     "largest request body; the API server's own limit is 3 MiB an object", KIB, 64 * MIB},
    {"headers", FIELD_SIZE, offsetof(struct config_limits, headers), "64KiB",
     "largest request line with headers", 4 * KIB, MIB},
    {"connections", FIELD_NUMBER, offsetof(struct config_limits, connections), "256",
     "connections at a time", 8, 65536},
    {"jsonDepth", FIELD_NUMBER, offsetof(struct config_limits, json_depth), "64",
     "deepest nesting of a review", 8, DOC_DEPTH_MAX},
    {"idle", FIELD_DURATION, offsetof(struct config_limits, idle), "120s",
     "how long a connection may say nothing", SECOND, HOUR},
    {"inFlightBytes", FIELD_SIZE, offsetof(struct config_limits, in_flight_bytes), "64MiB",
     "all request bodies together; at least one body", KIB, 64 * KIB *MIB},
    {NULL},
};

const struct field config_server_fields[] = {
    {"listen", FIELD_TEXT, offsetof(struct config_server, listen), "0.0.0.0:8443",
     "address and port of the webhook, TLS"},
    {"metricsListen", FIELD_TEXT, offsetof(struct config_server, metrics_listen), "0.0.0.0:8080",
     "address and port of metrics and probes, plain; `\"\"` for none"},
    {"threads", FIELD_NUMBER, offsetof(struct config_server, threads), "0",
     "threads that answer; 0: as many as CPUs are granted", 0, 1024},
    {"drainDelay", FIELD_DURATION, offsetof(struct config_server, drain_delay), "10s",
     "how long it still serves after SIGTERM", 0, HOUR},
    {"drainGrace", FIELD_DURATION, offsetof(struct config_server, drain_grace), "20s",
     "how long it then waits for open requests", 0, HOUR},
    {"limits", FIELD_SECTION, offsetof(struct config_server, limits), NULL,
     "what one caller and all together may use", .fields = limits_fields},
    {NULL},
};

static const struct field managed_fields[] = {
    {"namespace", FIELD_TEXT, offsetof(struct config_managed, namespace), "harbor-pg-webhook",
     "the webhook's own namespace"},
    {"service", FIELD_TEXT, offsetof(struct config_managed, service), "harbor-pg-webhook",
     "its Service, the name in the certificate"},
    {"secret", FIELD_TEXT, offsetof(struct config_managed, secret), "harbor-pg-webhook-ca",
     "the Secret that holds the CA"},
    {"mutatingConfiguration", FIELD_TEXT, offsetof(struct config_managed, mutating_configuration),
     "harbor-pg-webhook", "the MutatingWebhookConfiguration whose caBundle it keeps right"},
    {"validatingConfiguration", FIELD_TEXT,
     offsetof(struct config_managed, validating_configuration), "harbor-pg-webhook",
     "the ValidatingWebhookConfiguration whose caBundle it keeps right"},
    {NULL},
};

/* The one key of tls.development; its member lies in struct config_tls. */
static const struct field development_fields[] = {
    {"caOut", FIELD_TEXT, 0, "", "where the CA made at start is written; `\"\"` for nowhere"},
    {NULL},
};

const struct field config_tls_fields[] = {
    {"mode", FIELD_CHOICE, offsetof(struct config_tls, mode), "files",
     "where the certificate comes from: files that something else renews, a CA of its own in a "
     "Secret, or one made at start for localhost",
     .choices = tls_modes},
    {"certFile", FIELD_TEXT, offsetof(struct config_tls, cert_file), "/certs/tls.crt",
     "mode files: certificate and chain, PEM; watched"},
    {"keyFile", FIELD_TEXT, offsetof(struct config_tls, key_file), "/certs/tls.key",
     "mode files: key, PEM; watched"},
    {"clientCAFile", FIELD_TEXT, offsetof(struct config_tls, client_ca_file), "",
     "CA of the API server's client certificate; `\"\"`: callers need none"},
    {"managed", FIELD_SECTION, offsetof(struct config_tls, managed), NULL,
     "mode managed: the objects it uses", .fields = managed_fields},
    {"development", FIELD_SECTION, offsetof(struct config_tls, development_ca_out), NULL,
     "mode development", .fields = development_fields},
    {NULL},
};

const struct field config_log_fields[] = {
    {"level", FIELD_CHOICE, offsetof(struct config_log, level), "info",
     "least level that is logged", .choices = log_levels},
    {"format", FIELD_CHOICE, offsetof(struct config_log, format), "json",
     "one JSON object a line, or text for a person", .choices = log_formats},
    {NULL},
};

const struct field config_file_fields[] = {
    {"server", FIELD_TREE, offsetof(struct file_fields, server), NULL, "the process",
     .fields = config_server_fields},
    {"tls", FIELD_TREE, offsetof(struct file_fields, tls), NULL, "its certificate",
     .fields = config_tls_fields},
    {"log", FIELD_TREE, offsetof(struct file_fields, log), NULL, "its log",
     .fields = config_log_fields},
    {"database", FIELD_TREE, offsetof(struct file_fields, database), NULL,
     "how `postgresql` resources are repaired", .fields = policy_database_fields},
    {"restoreProfiles", FIELD_TREE, offsetof(struct file_fields, restore_profiles), NULL,
     "by name: what a namespace's restore label can ask for"},
    {"backupProfiles", FIELD_TREE, offsetof(struct file_fields, backup_profiles), NULL,
     "by name: what a namespace's backup label can ask for"},
    {NULL},
};
