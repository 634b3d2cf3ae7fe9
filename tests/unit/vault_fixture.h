/* Secrets and archives of them, for the tests of server/vault/. */
#ifndef TESTS_UNIT_VAULT_FIXTURE_H
#define TESTS_UNIT_VAULT_FIXTURE_H

#include "base/base64.h"
#include "base/mem.h"
#include "server/vault/payload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* "{...}" with ' for ": JSON that can be read in C. The caller lets go. */
static inline json_t *vault_json(const char *text)
{
    autofree char *quoted = xstrdup(text);
    for (char *c = quoted; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    json_error_t mistake;
    json_t *json = json_loads(quoted, 0, &mistake);
    if (!json)
        fail_msg("%s: %s", mistake.text, quoted);
    return json;
}

static inline void vault_set(json_t *secret, const char *key, const char *value)
{
    struct buf text = BUF(4096);
    base64_add(&text, str_of(value));
    json_object_set_new(json_object_get(secret, "data"), key, json_string(buf_str(&text).data));
    buf_clear(&text);
}

/* An opaque Secret of the namespace registry; pairs of key and value follow, then NULL. */
static inline json_t *vault_secret(const char *name, ...)
{
    json_t *secret = vault_json("{'apiVersion': 'v1', 'kind': 'Secret', 'metadata': {'namespace': "
                                "'registry'}, 'type': 'Opaque', 'data': {}}");
    json_object_set_new(json_object_get(secret, "metadata"), "name", json_string(name));
    va_list args;
    va_start(args, name);
    for (const char *key; (key = va_arg(args, const char *));)
        vault_set(secret, key, va_arg(args, const char *));
    va_end(args);
    return secret;
}

static const struct vault_origin vault_here = {.created = "2026-11-20T02:00:00Z",
                                               .tool = "0.1.0",
                                               .cluster = "https://10.0.0.1:6443",
                                               .namespace = "registry",
                                               .harbor_cluster = "main"};

/* Two Secrets of the HarborCluster registry/main. */
static inline struct vault_payload vault_two(void)
{
    struct vault_payload payload;
    json_t *secrets = json_array();
    json_array_append_new(secrets, vault_secret("harbor.postgresql-registry-main.credentials",
                                                "username", "harbor", "password", "canary", NULL));
    json_array_append_new(
        secrets, vault_secret("main-database-password", "postgresql-password", "canary", NULL));
    vault_payload_new(&vault_here, secrets, &payload);
    return payload;
}

#endif
