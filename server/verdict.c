#include "server/verdict.h"

#include "base/base64.h"
#include "base/mem.h"
#include "patches/apply.h"

#include <stdio.h>

static void json_cleanup(json_t **tree)
{
    json_decref(*tree);
}

/* Which entries of the webhook configuration would be called, in order. */
static bool plan_passes(const struct verdict_question *question, enum manifest_kind kind,
                        struct verdict *verdict, struct error *err)
{
    if (kind != MANIFEST_POD) {
        verdict->passes[verdict->pass_count++] = (struct verdict_pass){
            kind == MANIFEST_POSTGRESQL ? ADMIT_POSTGRESQL : ADMIT_CONFIGMAP, "", {0}};
        return true;
    }
    if (question->backup_profile)
        verdict->passes[verdict->pass_count++] =
            (struct verdict_pass){ADMIT_BACKUP, question->backup_profile, {0}};
    if (question->restore_profile)
        verdict->passes[verdict->pass_count++] =
            (struct verdict_pass){ADMIT_RESTORE, question->restore_profile, {0}};
    if (!verdict->pass_count)
        return error_set(err, "a Pod needs --profile (restore), --backup-profile, or both");
    return true;
}

/* Adds the operations of a reply's patch and applies them. */
static bool take_patch(const json_t *response, struct verdict *verdict, struct error *err)
{
    const json_t *encoded = json_object_get(response, "patch");
    if (!encoded)
        return true;
    struct buf text = BUF(ADMIT_REPLY_MAX);
    struct str base64 = {json_string_value(encoded), json_string_length(encoded)};
    cleanup(json_cleanup) json_t *patch = NULL;
    if (base64_read(base64, &text))
        patch = json_loadb(buf_str(&text).data, text.length, 0, NULL);
    buf_clear(&text);
    if (!patch)
        return error_set(err, "the patch of the answer cannot be read");
    if (!patch_apply(&verdict->after, patch, err))
        return error_wrap(err, "the patch of the answer does not apply");
    json_array_extend(verdict->patch, patch);
    return true;
}

static void take_warnings(const json_t *response, struct verdict *verdict)
{
    size_t index;
    json_t *warning;
    json_array_foreach(json_object_get(response, "warnings"), index, warning)
    {
        struct str text = {json_string_value(warning), json_string_length(warning)};
        if (text.data && !strlist_has(&verdict->warnings, text))
            strlist_add(&verdict->warnings, text);
    }
}

static bool take_reply(const struct admit_result *result, struct verdict *verdict,
                       struct error *err)
{
    struct str text = buf_str(&result->reply);
    if (result->status != 200) {
        text = str_trim(text);
        return error_set(err, "%.*s", STR_ARG(text));
    }
    json_decref(verdict->reply);
    verdict->reply = json_loadb(text.data, text.length, 0, NULL);
    const json_t *response = json_object_get(verdict->reply, "response");
    snprintf(verdict->reason, sizeof(verdict->reason), "%s", result->summary.reason);
    verdict->allowed = json_is_true(json_object_get(response, "allowed"));
    take_warnings(response, verdict);
    if (verdict->allowed)
        return take_patch(response, verdict, err);
    const char *message =
        json_string_value(json_object_get(json_object_get(response, "status"), "message"));
    verdict->message = xstrdup(message ? message : "");
    return true;
}

static bool run_pass(const struct verdict_question *question, json_t *review,
                     struct verdict_pass *pass, struct verdict *verdict, struct error *err)
{
    autofree char *body = json_dumps(review, JSON_COMPACT);
    if (!body)
        return error_set(err, "cannot be written as JSON");
    if (strlen(body) > question->body)
        return error_set(err, "%zu bytes of review, the limit is %zu (server.limits.body)",
                         strlen(body), question->body);
    struct admit_target target = {pass->kind, str_of(pass->profile), &pass->trace};
    struct admit_result result;
    admit(question->policy, target, str_of(body), question->depth, question->now, &result);
    bool taken = take_reply(&result, verdict, err);
    admit_result_done(&result);
    return taken;
}

/* A copy of the review whose request has another object. */
static json_t *review_with(json_t *review, json_t *object)
{
    json_t *copy = json_copy(review);
    json_t *request = json_copy(json_object_get(review, "request"));
    json_object_set(request, "object", object);
    json_object_set_new(copy, "request", request);
    return copy;
}

/* Makes the reply of the last pass tell of all passes. */
static void complete_reply(struct verdict *verdict)
{
    json_t *response = json_object_get(verdict->reply, "response");
    if (verdict->warnings.count) {
        json_t *warnings = json_array();
        for (size_t i = 0; i < verdict->warnings.count; i++)
            json_array_append_new(warnings, json_string(verdict->warnings.items[i]));
        json_object_set_new(response, "warnings", warnings);
    }
    if (!verdict->allowed || !json_array_size(verdict->patch))
        return;
    autofree char *patch = json_dumps(verdict->patch, JSON_COMPACT);
    struct buf base64 = BUF(ADMIT_REPLY_MAX * VERDICT_PASSES_MAX);
    base64_add(&base64, str_of(patch));
    json_object_set_new(response, "patchType", json_string("JSONPatch"));
    json_object_set_new(response, "patch", json_string(buf_str(&base64).data));
    buf_clear(&base64);
}

/* A denial leaves nothing of what an earlier pass changed. */
static void forget_patch(struct verdict *verdict)
{
    json_array_clear(verdict->patch);
    json_decref(verdict->after);
    verdict->after = json_incref(verdict->before);
}

bool verdict_make(const struct verdict_question *question, const struct manifest *manifest,
                  struct verdict *ret, struct error *err)
{
    json_t *object = json_object_get(json_object_get(manifest->review, "request"), "object");
    *ret = (struct verdict){.allowed = true, .patch = json_array()};
    ret->before = object ? json_incref(object) : json_null();
    ret->after = json_deep_copy(ret->before);
    if (!plan_passes(question, manifest->kind, ret, err))
        return false;

    for (size_t i = 0; i < ret->pass_count && ret->allowed; i++) {
        cleanup(json_cleanup) json_t *review =
            i ? review_with(manifest->review, ret->after) : json_incref(manifest->review);
        if (!run_pass(question, review, &ret->passes[i], ret, err))
            return false;
    }
    if (!ret->allowed)
        forget_patch(ret);
    if (ret->pass_count > 1)
        complete_reply(ret);
    return true;
}

void verdict_done(struct verdict *verdict)
{
    for (size_t i = 0; i < verdict->pass_count; i++)
        trace_clear(&verdict->passes[i].trace);
    json_decref(verdict->before);
    json_decref(verdict->after);
    json_decref(verdict->patch);
    json_decref(verdict->reply);
    free(verdict->message);
    strlist_clear(&verdict->warnings);
    *verdict = (struct verdict){0};
}
