#include "server/review.h"

#include "base/base64.h"

static const struct {
    const char *name;
    enum operation operation;
} operations[] = {
    {"CREATE", OPERATION_CREATE},
    {"UPDATE", OPERATION_UPDATE},
    {"DELETE", OPERATION_DELETE},
    {"CONNECT", OPERATION_CONNECT},
};

static bool read_operation(struct str name, enum operation *ret, struct error *err)
{
    for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++)
        if (str_is(name, operations[i].name)) {
            *ret = operations[i].operation;
            return true;
        }
    return error_set(err, "request.operation is '%.*s', expected CREATE, UPDATE, DELETE or CONNECT",
                     STR_ARG(name));
}

static bool check_head(struct value root, struct error *err)
{
    struct str kind = value_text(value_get(root, "kind"));
    struct str version = value_text(value_get(root, "apiVersion"));
    if (!str_is(kind, "AdmissionReview"))
        return error_set(err, "kind is '%.*s', expected AdmissionReview", STR_ARG(kind));
    if (!str_is(version, "admission.k8s.io/v1") && !str_is(version, "admission.k8s.io/v1beta1"))
        return error_set(err,
                         "apiVersion is '%.*s', expected admission.k8s.io/v1 or "
                         "admission.k8s.io/v1beta1",
                         STR_ARG(version));
    return true;
}

bool review_decode(const struct doc *doc, int64_t now, struct review *ret, struct error *err)
{
    struct value root = doc_root(doc);
    struct value request = value_get(root, "request");
    struct review review = {
        .api_version = value_text(value_get(root, "apiVersion")),
        .uid = value_get(request, "uid"),
        .group = value_text(value_at(request, "kind.group")),
        .kind = value_text(value_at(request, "kind.kind")),
        .operation = value_text(value_get(request, "operation")),
        .dry_run = value_bool(value_get(request, "dryRun"), false),
        .subject = {.namespace = value_text(value_get(request, "namespace")),
                    .name = value_text(value_get(request, "name")),
                    .sub_resource = value_text(value_get(request, "subResource")),
                    .object = value_get(request, "object"),
                    .old_object = value_get(request, "oldObject"),
                    .now = now},
    };
    struct subject *subject = &review.subject;
    if (!check_head(root, err))
        return false;
    if (value_type(request) != VALUE_OBJECT)
        return error_set(err, "request is missing");
    if (!value_text(review.uid).length)
        return error_set(err, "request.uid is missing");
    if (!review.kind.length)
        return error_set(err, "request.kind is missing");
    if (!subject->namespace.length)
        return error_set(err, "request.namespace is missing");
    if (!read_operation(review.operation, &subject->operation, err))
        return false;
    bool has_object =
        subject->operation == OPERATION_CREATE || subject->operation == OPERATION_UPDATE;
    if (has_object && value_type(subject->object) != VALUE_OBJECT)
        return error_set(err, "request.object is missing");
    if (subject->operation == OPERATION_UPDATE && value_type(subject->old_object) != VALUE_OBJECT)
        return error_set(err, "request.oldObject is missing");
    *ret = review;
    return true;
}

static void add_member(struct buf *reply, const char *key, struct str text)
{
    buf_addf(reply, "\"%s\":", key);
    buf_add_json_string(reply, text);
}

static void add_warnings(struct buf *reply, const struct strlist *warnings)
{
    for (size_t i = 0; i < warnings->count; i++) {
        buf_add_text(reply, i ? "," : ",\"warnings\":[");
        buf_add_json_string(reply, str_of(warnings->items[i]));
    }
    if (warnings->count)
        buf_add_char(reply, ']');
}

static void add_annotations(struct buf *reply, const struct decision *decision)
{
    buf_add_text(reply, ",\"auditAnnotations\":{");
    add_member(reply, "decision", str_of(state_name(decision->state)));
    buf_add_char(reply, ',');
    add_member(reply, "reason", str_of(reason_name(decision_audit_reason(decision))));
    if (decision->profile.data) {
        buf_add_char(reply, ',');
        add_member(reply, "profile", decision->profile);
    }
    if (decision->image.length) {
        buf_add_char(reply, ',');
        add_member(reply, "image", buf_str(&decision->image));
    }
    buf_add_char(reply, '}');
}

void review_encode(const struct review *review, const struct decision *decision, struct buf *reply)
{
    bool allowed = decision_allowed(decision);
    buf_add_text(reply, "{\"kind\":\"AdmissionReview\",");
    add_member(reply, "apiVersion", review->api_version);
    buf_add_text(reply, ",\"response\":{\"uid\":");
    buf_add(reply, value_raw(review->uid));
    buf_add_text(reply, allowed ? ",\"allowed\":true" : ",\"allowed\":false,\"status\":{");
    if (!allowed) {
        add_member(reply, "message", buf_str(&decision->message));
        buf_add_text(reply, ",\"reason\":\"Forbidden\",\"code\":403}");
    }
    if (allowed && decision->patch.length) {
        buf_add_text(reply, ",\"patchType\":\"JSONPatch\",\"patch\":\"");
        base64_add(reply, buf_str(&decision->patch));
        buf_add_char(reply, '"');
    }
    add_warnings(reply, &decision->warnings);
    add_annotations(reply, decision);
    buf_add_text(reply, "}}");
}
