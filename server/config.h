/*
 * The configuration file as one immutable object: parsed once, checked whole, shared by reference
 * until the last user lets go. Defaults and keys are one table (docs/configuration.md is made from
 * it).
 */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include "base/buf.h"
#include "base/strlist.h"
#include "patches/policy.h"

enum tls_mode { TLS_FILES, TLS_MANAGED, TLS_DEVELOPMENT };
enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_FORMAT_JSON, LOG_FORMAT_TEXT };

/* Sizes in bytes, durations in milliseconds. */
struct config_limits {
    uint64_t body;
    uint64_t headers;
    uint64_t connections;
    uint64_t json_depth;
    uint64_t idle;
    uint64_t in_flight_bytes;
};

struct config_server {
    char *listen;         /* "host:port", "[v6]:port" */
    char *metrics_listen; /* "" = none */
    uint64_t threads;     /* 0 = CPUs granted */
    uint64_t drain_delay;
    uint64_t drain_grace;
    struct config_limits limits;
};

struct config_managed {
    char *namespace;
    char *service;
    char *secret;
    char *mutating_configuration;
    char *validating_configuration;
};

struct config_tls {
    enum tls_mode mode;
    char *cert_file;
    char *key_file;
    char *client_ca_file; /* "" = callers need no certificate */
    struct config_managed managed;
    char *development_ca_out; /* "" = the CA is written nowhere */
};

struct config_log {
    enum log_level level;
    enum log_format format;
};

struct config {
    struct config_server server;
    struct config_tls tls;
    struct config_log log;
    struct policy *policy;
    unsigned references; /* atomic */
};

/* Largest configuration file, in bytes. */
#define CONFIG_FILE_MAX (4u * 1024 * 1024)

/* Reads and parses the file (YAML; JSON is a subset). Every mistake of form is added to `mistakes`
 * as "path/of/file: restoreProfiles.dr.s3.sufix: unknown key, did you mean 'suffix'"; then NULL is
 * returned. Mistakes in the values of a profile do not fail here: see policy_problems(). `now` is
 * seconds UTC. `path` NULL gives the defaults. The caller lets go with config_unref(). */
struct config *config_load(const char *path, int64_t now, struct strlist *mistakes)
    __attribute__((warn_unused_result));

/* The same from a text; `name` stands for the file in messages. */
struct config *config_parse(const char *name, struct str text, int64_t now,
                            struct strlist *mistakes) __attribute__((warn_unused_result));

struct config *config_ref(struct config *config);
void config_unref(struct config *config);

/* Adds the reference page of all keys with their defaults (Markdown). */
void config_reference(struct buf *page);

#endif
