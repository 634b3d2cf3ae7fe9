#include "server/vault/payload.h"

#include "base/base64.h"
#include "base/mem.h"
#include "certs/cms.h"
#include "certs/secret.h"
#include "patches/fields.h"
#include "server/vault/names.h"

#define FORMAT 1
#define ABOUT "harbor-pg-webhook"
#define KEY_MAX 253

bool vault_is_line(const char *text)
{
    autofree char *shown = xstrdup(text);
    cleanup(json_decrefp) json_t *valid = json_string(text); /* NULL when it is not UTF-8 */
    str_presentable(shown);
    return valid && *text && strcmp(shown, text) == 0;
}

/* ---- one Secret ---- */

static const char *text_of(const json_t *json, const char *key)
{
    return json_string_value(json_object_get(json, key));
}

const char *vault_secret_name(const json_t *secret)
{
    return text_of(json_object_get(secret, "metadata"), "name");
}

const char *vault_secret_type(const json_t *secret)
{
    const char *type = text_of(secret, "type");
    return type ? type : "Opaque";
}

static bool is_key(const char *key)
{
    size_t length = strlen(key);
    for (const char *c = key; *c; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
              *c == '-' || *c == '_' || *c == '.'))
            return false;
    return length > 0 && length <= KEY_MAX;
}

static bool is_base64(const json_t *value)
{
    struct str text = {json_string_value(value), json_string_length(value)};
    cleanup(secret_clear) struct buf bytes = BUF(CMS_PLAIN_MAX);
    return json_is_string(value) && buf_reserve(&bytes, text.length) && base64_read(text, &bytes);
}

static bool check_data(const json_t *data, struct error *err)
{
    if (data && !json_is_object(data))
        return error_set(err, "its data is not an object");
    json_t *members = field_iterable(data);
    for (void *at = json_object_iter(members); at; at = json_object_iter_next(members, at)) {
        const char *key = json_object_iter_key(at);
        if (!is_key(key))
            return error_set(err, "its data has a key that is none");
        if (!is_base64(json_object_iter_value(at)))
            return error_set(err, "its data.%s is not base64", key);
    }
    return true;
}

/* A copy of the members that are texts and begin with `start`; NULL when there are none. */
static json_t *texts_kept(const json_t *texts, const char *start)
{
    json_t *kept = json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)texts, key,
                        value) if (json_is_string(value) && str_starts(str_of(key), str_of(start)))
        json_object_set(kept, key, value);
    if (json_object_size(kept))
        return kept;
    json_decref(kept);
    return NULL;
}

static json_t *metadata_kept(const json_t *metadata)
{
    json_t *kept = json_object();
    json_object_set(kept, "name", json_object_get(metadata, "name"));
    json_object_set(kept, "namespace", json_object_get(metadata, "namespace"));
    json_t *labels = texts_kept(json_object_get(metadata, "labels"), "");
    json_t *annotations = texts_kept(json_object_get(metadata, "annotations"), VAULT_ANNOTATION);
    if (labels)
        json_object_set_new(kept, "labels", labels);
    if (annotations)
        json_object_set_new(kept, "annotations", annotations);
    return kept;
}

json_t *vault_secret_kept(const json_t *secret, struct error *err)
{
    const json_t *metadata = json_object_get(secret, "metadata");
    const char *name = vault_secret_name(secret);
    const char *namespace = text_of(metadata, "namespace");
    const char *kind = text_of(secret, "kind");
    const char *version = text_of(secret, "apiVersion");
    if (!kind || strcmp(kind, "Secret") != 0 || !version || strcmp(version, "v1") != 0) {
        error_set_(err, "is not a Secret (v1)");
        return NULL;
    }
    if (!name || !vault_is_name(name) || !namespace || !str_is_dns_label(str_of(namespace)) ||
        !vault_is_line(vault_secret_type(secret))) {
        error_set_(err, "is a Secret without a name, namespace or type");
        return NULL;
    }
    if (!check_data(json_object_get(secret, "data"), err)) {
        error_wrap_(err, "%s", name);
        return NULL;
    }
    json_t *kept = json_object();
    json_object_set_new(kept, "apiVersion", json_string("v1"));
    json_object_set_new(kept, "kind", json_string("Secret"));
    json_object_set_new(kept, "metadata", metadata_kept(metadata));
    json_object_set_new(kept, "type", json_string(vault_secret_type(secret)));
    if (json_is_true(json_object_get(secret, "immutable")))
        json_object_set_new(kept, "immutable", json_true());
    json_t *data = json_object_get(secret, "data");
    json_object_set_new(kept, "data", json_is_object(data) ? json_deep_copy(data) : json_object());
    return kept;
}

/* ---- the origin ---- */

static const struct {
    const char *key;
    size_t offset;
} origin_rows[] = {
    {"created", offsetof(struct vault_origin, created)},
    {"tool", offsetof(struct vault_origin, tool)},
    {"cluster", offsetof(struct vault_origin, cluster)},
    {"namespace", offsetof(struct vault_origin, namespace)},
    {"harborCluster", offsetof(struct vault_origin, harbor_cluster)}, /* may be absent */
};
#define ORIGIN_ROWS (sizeof(origin_rows) / sizeof(*origin_rows))

static const char **member(struct vault_origin *origin, size_t row)
{
    return (const char **)((char *)origin + origin_rows[row].offset);
}

bool vault_origin_read(const json_t *json, struct vault_origin *ret)
{
    struct vault_origin origin = {0};
    for (size_t i = 0; i < ORIGIN_ROWS; i++) {
        const char *text = text_of(json, origin_rows[i].key);
        bool absent = !text && i + 1 == ORIGIN_ROWS && !json_object_get(json, origin_rows[i].key);
        if (!absent && (!text || !vault_is_line(text)))
            return false;
        *member(&origin, i) = text;
    }
    if (!str_is_dns_label(str_of(origin.namespace)) ||
        (origin.harbor_cluster && !vault_is_name(origin.harbor_cluster)))
        return false;
    *ret = origin;
    return true;
}

void vault_origin_write(json_t *json, const struct vault_origin *origin)
{
    struct vault_origin copy = *origin;
    for (size_t i = 0; i < ORIGIN_ROWS; i++)
        if (*member(&copy, i))
            json_object_set_new(json, origin_rows[i].key, json_string(*member(&copy, i)));
}

/* ---- all of them ---- */

void vault_payload_new(const struct vault_origin *origin, json_t *secrets,
                       struct vault_payload *ret)
{
    json_t *about = json_object();
    json_object_set_new(about, "format", json_integer(FORMAT));
    vault_origin_write(about, origin);
    json_t *json = json_object();
    json_object_set_new(json, "apiVersion", json_string("v1"));
    json_object_set_new(json, "kind", json_string("List"));
    json_object_set_new(json, ABOUT, about);
    json_object_set_new(json, "items", secrets);
    *ret = (struct vault_payload){.json = json, .origin = *origin, .secrets = secrets};
    for (size_t i = 0; i < ORIGIN_ROWS; i++)
        *member(&ret->origin, i) = text_of(about, origin_rows[i].key);
}

bool vault_payload_write(const struct vault_payload *payload, struct buf *text, struct error *err)
{
    size_t length = json_dumpb(payload->json, NULL, 0, JSON_INDENT(1));
    char *room = length ? buf_reserve(text, length) : NULL;
    if (!room)
        return error_set(err, "the Secrets are %zu bytes together, expected at most %zu", length,
                         text->limit);
    text->length += json_dumpb(payload->json, room, length, JSON_INDENT(1));
    room[length] = '\0';
    return true;
}

/* Nothing that was read may say more than what is kept of it. */
static bool read_secrets(const json_t *items, const char *namespace, json_t *secrets,
                         struct error *err)
{
    cleanup(json_decrefp) json_t *seen = json_object();
    if (!json_is_array(items) || json_array_size(items) > VAULT_NAMES_MAX)
        return error_set(err, "items is not a list of at most %d Secrets", VAULT_NAMES_MAX);
    for (size_t i = 0; i < json_array_size(items); i++) {
        json_t *kept = vault_secret_kept(json_array_get(items, i), err);
        if (!kept)
            return error_wrap(err, "items[%zu]", i);
        json_array_append_new(secrets, kept);
        const char *name = vault_secret_name(kept);
        const char *own = text_of(json_object_get(kept, "metadata"), "namespace");
        if (strcmp(own, namespace) != 0)
            return error_set(err, "items[%zu]: %s is of namespace '%s', the archive of '%s'", i,
                             name, own, namespace);
        if (json_object_get(seen, name))
            return error_set(err, "items[%zu]: %s is there twice", i, name);
        json_object_set_new(seen, name, json_true());
    }
    return true;
}

bool vault_payload_read(struct str text, struct vault_payload *ret, struct error *err)
{
    struct vault_origin origin;
    cleanup(json_decrefp) json_t *json =
        json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, NULL);
    const json_t *about = json_object_get(json, ABOUT);
    if (!json_is_object(about))
        return error_set(err, "holds no Secrets of this program: no JSON object with '%s'", ABOUT);
    json_int_t format = json_integer_value(json_object_get(about, "format"));
    if (format != FORMAT)
        return error_set(err,
                         "is of format %lld, expected %d; a newer version of this program "
                         "reads it",
                         (long long)format, FORMAT);
    if (!vault_origin_read(about, &origin))
        return error_set(err, "does not say when and where its Secrets were read");
    json_t *secrets = json_array();
    if (!read_secrets(json_object_get(json, "items"), origin.namespace, secrets, err)) {
        json_decref(secrets);
        return false;
    }
    vault_payload_new(&origin, secrets, ret);
    return true;
}

void vault_payload_done(struct vault_payload *payload)
{
    json_decref(payload->json);
    *payload = (struct vault_payload){0};
}
