#include "server/check.h"

#include "base/mem.h"
#include "patches/decide.h"
#include "patches/shown.h"
#include "server/yaml.h"

/* The file and the object that findings are about. */
struct check_place {
    const char *file;
    const char *label; /* "ConfigMap harbor/harbor-pg-restore" */
    struct check_report *report;
};

static void json_cleanup(json_t **tree)
{
    json_decref(*tree);
}

void check_mistake(const char *line, struct check_report *report)
{
    report->mistakes++;
    buf_addf(report->lines, "%s\n", line);
}

void check_profiles(const char *file, const struct policy *policy, struct check_report *report)
{
    struct strlist problems = {0};
    policy_problems(policy, &problems);
    for (size_t i = 0; i < problems.count; i++) {
        autofree char *line = xasprintf("%s: %s", file, problems.items[i]);
        check_mistake(line, report);
    }
    strlist_clear(&problems);
}

static void add_warning(const struct check_place *place, const char *text)
{
    place->report->warnings++;
    buf_addf(place->report->lines, "%s: warning: %s: %s\n", place->file, place->label, text);
}

static void add_skipped(const struct check_place *place, const char *why)
{
    buf_addf(place->report->lines, "%s: skipped: %s: %s\n", place->file, place->label, why);
}

/* A denial tells all refusals in one text, each of which begins with its key. */
static void add_refusals(const struct check_place *place, struct str message)
{
    const struct str next = STR("; data.");
    while (message.length) {
        long end = str_find(message, next);
        size_t length = end < 0 ? message.length : (size_t)end;
        autofree char *line =
            xasprintf("%s: %s: %.*s", place->file, place->label, (int)length, message.data);
        check_mistake(line, place->report);
        message = str_skip(message, end < 0 ? length : length + strlen("; "));
    }
}

static void report_decision(const struct check_place *place, const struct decision *decision)
{
    for (size_t i = 0; i < decision->warnings.count; i++)
        add_warning(place, decision->warnings.items[i]);
    if (!decision_allowed(decision))
        add_refusals(place, buf_str(&decision->message));
    else if (decision_reason(decision) == REASON_NOT_CONCERNED)
        add_skipped(place, "not a restore ConfigMap by its name or label");
}

static void check_configmap(const struct check_place *place, const json_t *object,
                            struct str namespace, const struct policy *policy, int64_t now)
{
    struct error err;
    autofree char *text = json_dumps(object, JSON_COMPACT);
    cleanup(doc_cleanup) struct doc *doc = NULL;
    if (!doc_read(str_of(text), YAML_DEPTH_MAX + 1, &doc, &err)) {
        error_wrap_(&err, "as compact JSON");
        add_refusals(place, str_of(err.text));
        return;
    }
    struct subject subject = {
        .operation = OPERATION_CREATE,
        .namespace = namespace,
        .object = doc_root(doc),
        .now = now,
    };
    struct decision decision;
    decision_init(&decision, NULL);
    decide_configmap(policy, &subject, &decision);
    report_decision(place, &decision);
    decision_done(&decision);
}

static const char *text_at(const json_t *object, const char *key, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : otherwise;
}

static void check_document(const char *file, const json_t *document, const struct policy *policy,
                           int64_t now, struct check_report *report)
{
    const json_t *metadata = json_object_get(document, "metadata");
    const char *kind = text_at(document, "kind", "(no kind)");
    const char *namespace = text_at(metadata, "namespace", "default");
    autofree char *label =
        xasprintf("%s %s/%s", shown(str_of(kind)).text, shown(str_of(namespace)).text,
                  shown(str_of(text_at(metadata, "name", "(no name)"))).text);
    struct check_place place = {file, label, report};
    const json_t *items = json_object_get(document, "items");
    if (str_is(str_of(kind), "List") && json_is_array(items))
        for (size_t i = 0; i < json_array_size(items); i++)
            check_document(file, json_array_get(items, i), policy, now, report);
    else if (!str_is(str_of(kind), "ConfigMap"))
        add_skipped(&place, "not a ConfigMap");
    else
        check_configmap(&place, document, str_of(namespace), policy, now);
}

void check_manifests(const char *file, struct str text, const struct policy *policy, int64_t now,
                     struct check_report *report)
{
    struct error err;
    cleanup(json_cleanup) json_t *documents = yaml_read_all(text, &err);
    if (!documents) {
        error_wrap_(&err, "%s", file);
        check_mistake(err.text, report);
    } else if (!json_array_size(documents)) {
        error_set_(&err, "%s: no document in it", file);
        check_mistake(err.text, report);
    }
    for (size_t i = 0; i < json_array_size(documents); i++)
        check_document(file, json_array_get(documents, i), policy, now, report);
}
