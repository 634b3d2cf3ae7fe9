#include "tests/support/answer.h"

#include "base/base64.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/strlist.h"

#define REPLY_MAX (8u * 1024 * 1024)
#define WARNING_RUNES_MAX 256
#define WARNINGS_RUNES_MAX 4096
#define ANNOTATION_KEY_MAX 63

/* Whether all members of an object are among the names. */
static bool only_members(json_t *object, const char *where, const char *const *names,
                         struct error *err)
{
    const char *key;
    json_t *member;
    json_object_foreach(object, key, member)
    {
        const char *const *name = names;
        while (*name && strcmp(*name, key) != 0)
            name++;
        if (!*name)
            return error_set(err, "%s has a member '%s' that nobody reads", where, key);
    }
    return true;
}

/* Counts the characters; false when there is a control character. */
static bool count_runes(struct str text, size_t *ret)
{
    *ret = 0;
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c < 0x20 || c == 0x7f)
            return false;
        *ret += (c & 0xc0) != 0x80;
    }
    return true;
}

static bool check_warnings(json_t *warnings, struct error *err)
{
    cleanup(strlist_clear) struct strlist seen = {0};
    size_t total = 0, index;
    json_t *warning;
    json_array_foreach(warnings, index, warning)
    {
        struct str text = {json_string_value(warning), json_string_length(warning)};
        size_t runes;
        if (!text.data || !text.length)
            return error_set(err, "warnings[%zu] is no text", index);
        if (!count_runes(text, &runes))
            return error_set(err, "warnings[%zu] has a control character", index);
        if (runes > WARNING_RUNES_MAX)
            return error_set(err, "warnings[%zu] has %zu characters", index, runes);
        if (strlist_has(&seen, text))
            return error_set(err, "warnings[%zu] says the same as one before it: %s", index,
                             text.data);
        strlist_add(&seen, text);
        total += runes;
    }
    return total <= WARNINGS_RUNES_MAX ||
           error_set(err, "the warnings have %zu characters in all", total);
}

/* A qualified-name part: [A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?, at most 63 bytes. */
static bool annotation_key_valid(const char *key)
{
    static const char alphanumeric[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    size_t length = strlen(key);
    return length > 0 && length <= ANNOTATION_KEY_MAX && strchr(alphanumeric, key[0]) &&
           strchr(alphanumeric, key[length - 1]) &&
           strspn(key, "-_.ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") ==
               length;
}

static bool check_annotations(json_t *annotations, struct error *err)
{
    const char *key;
    json_t *value;
    json_object_foreach(annotations, key, value)
    {
        if (!annotation_key_valid(key))
            return error_set(err, "auditAnnotations: '%s' is no valid key", key);
        if (!json_is_string(value))
            return error_set(err, "auditAnnotations.%s is no text", key);
    }
    return true;
}

/* patch and patchType come together or not at all, and only where something can be patched. */
static bool read_patch(json_t *response, const char *operation, bool allowed, json_t **ret,
                       struct error *err)
{
    json_t *patch = json_object_get(response, "patch");
    json_t *type = json_object_get(response, "patchType");
    if (!patch && !type)
        return true;
    if (!json_is_string(patch) || !json_is_string(type))
        return error_set(err, "patch and patchType do not come together");
    if (strcmp(json_string_value(type), "JSONPatch") != 0)
        return error_set(err, "patchType is '%s', expected 'JSONPatch'", json_string_value(type));
    if (!allowed)
        return error_set(err, "a denial has a patch");
    if (strcmp(operation, "CREATE") != 0 && strcmp(operation, "UPDATE") != 0)
        return error_set(err, "%s has a patch", operation);
    cleanup(buf_clear) struct buf text = BUF(REPLY_MAX);
    if (!base64_read((struct str){json_string_value(patch), json_string_length(patch)}, &text))
        return error_set(err, "patch is not base64");
    json_error_t why;
    json_t *operations =
        json_loadb(text.data ? text.data : "", text.length, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_array(operations) || !json_array_size(operations)) {
        json_decref(operations);
        return error_set(err, "patch is no JSON array with operations");
    }
    *ret = operations;
    return true;
}

static bool check_status(json_t *response, bool allowed, const char **ret_message,
                         struct error *err)
{
    json_t *status = json_object_get(response, "status");
    if (allowed)
        return !status || error_set(err, "an allowed answer has a status");
    static const char *const names[] = {"message", "reason", "code", "status", NULL};
    if (!json_is_object(status) || !only_members(status, "status", names, err))
        return error_set(err, "a denial has no status");
    *ret_message = json_string_value(json_object_get(status, "message"));
    if (!*ret_message || !**ret_message)
        return error_set(err, "a denial has no message");
    json_int_t code = json_integer_value(json_object_get(status, "code"));
    return (code >= 400 && code <= 599) ||
           error_set(err, "the status code of a denial is %d", (int)code);
}

static bool read_response(json_t *response, const json_t *request, struct answer *ret,
                          struct error *err)
{
    static const char *const names[] = {"uid",      "allowed",          "patch",  "patchType",
                                        "warnings", "auditAnnotations", "status", NULL};
    json_t *allowed = json_object_get(response, "allowed");
    if (!json_is_object(response) || !json_is_boolean(allowed))
        return error_set(err, "the response says neither yes nor no");
    if (!only_members(response, "response", names, err))
        return false;
    if (!json_equal(json_object_get(response, "uid"), json_object_get(request, "uid")))
        return error_set(err, "response.uid is not request.uid");
    ret->allowed = json_is_true(allowed);
    ret->warnings = json_object_get(response, "warnings");
    ret->annotations = json_object_get(response, "auditAnnotations");
    if ((ret->warnings && !json_is_array(ret->warnings)) ||
        (ret->annotations && !json_is_object(ret->annotations)))
        return error_set(err, "warnings or auditAnnotations have the wrong type");
    const char *operation = json_string_value(json_object_get(request, "operation"));
    return check_warnings(ret->warnings, err) && check_annotations(ret->annotations, err) &&
           check_status(response, ret->allowed, &ret->message, err) &&
           read_patch(response, operation ? operation : "", ret->allowed, &ret->patch, err);
}

bool answer_read(struct str reply, const json_t *review, struct answer *ret, struct error *err)
{
    static const char *const names[] = {"apiVersion", "kind", "response", NULL};
    *ret = (struct answer){0};
    json_error_t why;
    ret->root = json_loadb(reply.data, reply.length, JSON_REJECT_DUPLICATES, &why);
    if (!ret->root)
        return error_set(err, "the reply is no JSON: %s", why.text);
    if (!only_members(ret->root, "the reply", names, err))
        return false;
    if (!json_equal(json_object_get(ret->root, "apiVersion"),
                    json_object_get(review, "apiVersion")) ||
        !json_equal(json_object_get(ret->root, "kind"), json_object_get(review, "kind")))
        return error_set(err, "apiVersion and kind are not those of the review");
    return read_response(json_object_get(ret->root, "response"), json_object_get(review, "request"),
                         ret, err);
}

void answer_done(struct answer *answer)
{
    json_decref(answer->root);
    json_decref(answer->patch);
    *answer = (struct answer){0};
}
