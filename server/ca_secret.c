#include "server/ca_secret.h"

#include "base/base64.h"
#include "base/mem.h"
#include "certs/secret.h"

struct decoded {
    struct buf texts[AUTHORITY_KEYS];
};

static void decoded_done(struct decoded *decoded)
{
    for (size_t i = 0; i < AUTHORITY_KEYS; i++)
        secret_clear(&decoded->texts[i]);
}

bool ca_secret_read(const json_t *secret, struct authority **ret, struct error *err)
{
    cleanup(decoded_done) struct decoded decoded = {0};
    struct str texts[AUTHORITY_KEYS];
    const json_t *data = json_object_get(secret, "data");
    for (size_t i = 0; i < AUTHORITY_KEYS; i++) {
        const char *name = authority_key_names[i];
        const char *text = json_string_value(json_object_get(data, name));
        decoded.texts[i] = BUF(CHAIN_PEM_MAX);
        if (text && !base64_read(str_of(text), &decoded.texts[i]))
            return error_set(err, "%s: is not base64 of at most %u bytes", name, CHAIN_PEM_MAX);
        texts[i] = buf_str(&decoded.texts[i]);
    }
    return authority_open(texts, ret, err);
}

json_t *ca_secret_write(const json_t *secret, const struct authority *authority)
{
    json_t *copy = json_deep_copy(secret);
    if (!json_is_object(json_object_get(copy, "data")))
        json_object_set_new(copy, "data", json_object());
    json_t *data = json_object_get(copy, "data");
    for (size_t i = 0; i < AUTHORITY_KEYS; i++) {
        struct str text = authority_text(authority, (enum authority_key)i);
        cleanup(secret_clear) struct buf encoded = BUF(2 * (size_t)CHAIN_PEM_MAX);
        base64_add(&encoded, text);
        if (text.length)
            json_object_set_new(data, authority_key_names[i], json_string(encoded.data));
        else
            json_object_del(data, authority_key_names[i]);
    }
    return copy;
}
