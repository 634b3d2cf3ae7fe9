#include "server/vault/manifest.h"

#include "base/mem.h"
#include "patches/fields.h"
#include "server/vault/names.h"

#include <time.h>

#define FORMAT 1
#define STEM_TIME "%Y%m%dT%H%M%SZ"

/* ---- names ---- */

const char *vault_stem(int64_t now, const struct salt *salt, char text[VAULT_STEM_SIZE])
{
    time_t seconds = now;
    struct tm parts;
    char random[DIGEST_SHORT_SIZE];
    size_t length = gmtime_r(&seconds, &parts)
                        ? strftime(text, VAULT_STEM_SIZE - DIGEST_SHORT_SIZE, STEM_TIME, &parts)
                        : 0;
    digest_salted(salt, STR("archive"), random);
    text[length++] = '-';
    memcpy(text + length, random, sizeof(random));
    return text;
}

struct str vault_stem_of(struct str name)
{
    static const char shape[] = "00000000T000000Z-xxxxxxxx";
    size_t length = sizeof(shape) - 1;
    if (name.length != length + strlen(VAULT_MANIFEST_END) ||
        !str_ends(name, STR(VAULT_MANIFEST_END)))
        return STR_NONE;
    for (size_t i = 0; i < length; i++) {
        char c = name.data[i];
        bool digit = c >= '0' && c <= '9';
        bool fits = shape[i] == '0'   ? digit
                    : shape[i] == 'x' ? digit || (c >= 'a' && c <= 'f')
                                      : c == shape[i];
        if (!fits)
            return STR_NONE;
    }
    return (struct str){name.data, length};
}

/* ---- making ---- */

static json_t *describe_recipients(const struct chain *const *recipients, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < chain_count(recipients[i]); j++) {
            const struct certificate *certificate = chain_at(recipients[i], j);
            json_t *item = json_object();
            json_object_set_new(item, "subject", json_string(certificate->subject));
            json_object_set_new(item, "serial", json_string(certificate->serial));
            json_object_set_new(item, "sha256", json_string(certificate->fingerprint));
            json_array_append_new(list, item);
        }
    return list;
}

static json_t *describe_secret(const json_t *secret)
{
    json_t *item = json_object();
    json_t *keys = json_array();
    json_t *data = json_object_get(secret, "data");
    for (void *at = json_object_iter(data); at; at = json_object_iter_next(data, at))
        json_array_append_new(keys, json_string(json_object_iter_key(at)));
    json_object_set_new(item, "name", json_string(vault_secret_name(secret)));
    json_object_set_new(item, "type", json_string(vault_secret_type(secret)));
    json_object_set_new(item, "keys", keys);
    return item;
}

static json_t *describe_secrets(const json_t *secrets)
{
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(secrets); i++)
        json_array_append_new(list, describe_secret(json_array_get(secrets, i)));
    return list;
}

/* Points into `json`; false when something is not there, or not what it has to be. */
static bool point(json_t *json, struct vault_manifest *ret)
{
    const json_t *archive = json_object_get(json, "archive");
    const json_t *size = json_object_get(archive, "size");
    struct vault_manifest manifest = {
        .json = json,
        .archive = json_string_value(json_object_get(archive, "name")),
        .size = (uint64_t)json_integer_value(size),
        .sha256 = json_string_value(json_object_get(archive, "sha256")),
        .recipients = json_object_get(json, "recipients"),
        .secrets = json_object_get(json, "secrets"),
        .absent = json_object_get(json, "absent"),
    };
    if (!vault_origin_read(json, &manifest.origin) || !manifest.archive ||
        !vault_is_line(manifest.archive) || strchr(manifest.archive, '/') || !manifest.sha256 ||
        strlen(manifest.sha256) != DIGEST_SIZE - 1 || !json_is_integer(size) ||
        json_integer_value(size) < 0)
        return false;
    *ret = manifest;
    return true;
}

void vault_manifest_new(const struct vault_payload *payload, const char *archive, struct str sealed,
                        const struct chain *const *recipients, size_t recipient_count,
                        const struct strlist *absent, struct vault_manifest *ret)
{
    char hash[DIGEST_SIZE];
    json_t *json = json_object();
    json_object_set_new(json, "format", json_integer(FORMAT));
    vault_origin_write(json, &payload->origin);
    json_t *place = json_object();
    json_object_set_new(place, "name", json_string(archive));
    json_object_set_new(place, "size", json_integer((json_int_t)sealed.length));
    json_object_set_new(place, "sha256", json_string(digest_text(sealed, hash)));
    json_object_set_new(json, "archive", place);
    json_object_set_new(json, "recipients", describe_recipients(recipients, recipient_count));
    json_object_set_new(json, "secrets", describe_secrets(payload->secrets));
    json_t *list = json_array();
    for (size_t i = 0; i < absent->count; i++)
        json_array_append_new(list, json_string(absent->items[i]));
    json_object_set_new(json, "absent", list);
    *ret = (struct vault_manifest){.json = json};
    if (!point(json, ret))
        ret->archive = ""; /* cannot be: what a payload has passed the same checks */
}

bool vault_manifest_write(const struct vault_manifest *manifest, struct buf *text)
{
    autofree char *json = json_dumps(manifest->json, JSON_INDENT(2));
    buf_add_text(text, json);
    buf_add_char(text, '\n');
    return !text->failed;
}

/* ---- reading ---- */

static bool are_lines(const json_t *list)
{
    if (!json_is_array(list) || json_array_size(list) > STRLIST_MAX)
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (!text || !vault_is_line(text))
            return false;
    }
    return true;
}

/* Whether each of the list's objects has these texts, each a line. */
static bool are_objects(const json_t *list, const char *const *keys)
{
    if (!json_is_array(list) || json_array_size(list) > STRLIST_MAX)
        return false;
    for (size_t i = 0; i < json_array_size(list); i++)
        for (const char *const *key = keys; *key; key++) {
            const json_t *item = json_array_get(list, i);
            const char *text = json_string_value(json_object_get(item, *key));
            if (!text || (*text && !vault_is_line(text)))
                return false;
        }
    return true;
}

static bool check_lists(const struct vault_manifest *manifest)
{
    static const char *const of_recipient[] = {"subject", "serial", "sha256", NULL};
    static const char *const of_secret[] = {"name", "type", NULL};
    if (!are_lines(manifest->absent) || !are_objects(manifest->recipients, of_recipient) ||
        !are_objects(manifest->secrets, of_secret))
        return false;
    for (size_t i = 0; i < json_array_size(manifest->secrets); i++)
        if (!are_lines(json_object_get(json_array_get(manifest->secrets, i), "keys")))
            return false;
    return true;
}

bool vault_manifest_read(struct str text, struct vault_manifest *ret, struct error *err)
{
    struct vault_manifest manifest = {0};
    json_error_t mistake;
    json_t *json = json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, &mistake);
    json_int_t format = json_integer_value(json_object_get(json, "format"));
    bool fine = false;
    if (!json_is_object(json))
        error_set_(err, "is not a manifest: no JSON object");
    else if (format != FORMAT)
        error_set_(err, "is of format %lld, expected %d", (long long)format, FORMAT);
    else if (!point(json, &manifest) || !check_lists(&manifest))
        error_set_(err, "is damaged, or no manifest of this program");
    else
        fine = true;
    if (!fine) {
        json_decref(json);
        return false;
    }
    *ret = manifest;
    return true;
}

void vault_manifest_done(struct vault_manifest *manifest)
{
    json_decref(manifest->json);
    *manifest = (struct vault_manifest){0};
}

/* ---- comparing ---- */

bool vault_manifest_fits(const struct vault_manifest *manifest, struct str sealed,
                         struct error *err)
{
    char hash[DIGEST_SIZE];
    if (sealed.length != manifest->size)
        return error_set(err, "has %zu bytes, its manifest says %llu; it is truncated or another's",
                         sealed.length, (unsigned long long)manifest->size);
    if (strcmp(digest_text(sealed, hash), manifest->sha256) != 0)
        return error_set(err, "has another SHA-256 than its manifest says; it was altered");
    return true;
}

bool vault_manifest_tells(const struct vault_manifest *manifest,
                          const struct vault_payload *payload, struct error *err)
{
    json_t *inside = json_object();
    json_t *said = json_object();
    vault_origin_write(inside, &payload->origin);
    vault_origin_write(said, &manifest->origin);
    json_object_set_new(inside, "secrets", describe_secrets(payload->secrets));
    json_object_set(said, "secrets", field_iterable(manifest->secrets));
    bool same = json_equal(inside, said) == 1;
    json_decref(inside);
    json_decref(said);
    return same ? true
                : error_set(err, "is not the archive that its manifest describes: names, times or "
                                 "keys differ");
}
