#include "patches/decide.h"
#include "patches/patch.h"
#include "patches/repair.h"

/* ---- the patch ---- */

static void add_rules(struct patch *patch, const struct repair_facts *facts,
                      enum repair_action action)
{
    struct str rules = action == REPAIR_FROM_OLD ? value_raw(facts->old.rules)
                                                 : str_of(facts->policy->database.pg_hba_json);
    if (value_present(value_at(facts->now.object, "spec.patroni"))) {
        patch_add(patch, STR("/spec/patroni/pg_hba"), rules);
        return;
    }
    struct buf patroni = BUF(DECISION_PATCH_MAX);
    buf_add_text(&patroni, "{\"pg_hba\":");
    buf_add(&patroni, rules);
    buf_add_char(&patroni, '}');
    patch_add(patch, STR("/spec/patroni"), buf_str(&patroni));
    buf_clear(&patroni);
}

static void add_text(struct patch *patch, struct str path, struct str text)
{
    struct buf value = BUF(DECISION_PATCH_MAX);
    buf_add_json_string(&value, text);
    patch_add(patch, path, buf_str(&value));
    buf_clear(&value);
}

static void add_env(struct patch *patch, const struct repair_facts *facts,
                    const struct repair_plan *plan)
{
    if (plan->env_list == REPAIR_FROM_OLD) {
        struct buf list = BUF(DECISION_PATCH_MAX);
        buf_add(&list, value_raw(facts->old.env));
        if (list.length && plan->env_locales == REPAIR_FROM_POLICY) {
            list.length--; /* the closing bracket */
            buf_add_text(&list, ",{\"name\":\"" RESOURCE_LOCALES "\",\"value\":\"true\"}]");
        }
        patch_add(patch, STR("/spec/env"), buf_str(&list));
        buf_clear(&list);
        return;
    }
    struct buf entry = BUF(DECISION_PATCH_MAX);
    bool empty = resource_env_empty(&facts->now);
    buf_add_text(&entry, empty ? "[" : "");
    buf_add(&entry, plan->env_locales == REPAIR_FROM_OLD
                        ? value_raw(facts->old.locales)
                        : STR("{\"name\":\"" RESOURCE_LOCALES "\",\"value\":\"true\"}"));
    buf_add_text(&entry, empty ? "]" : "");
    patch_add(patch, empty ? STR("/spec/env") : STR("/spec/env/-"), buf_str(&entry));
    buf_clear(&entry);
}

/* The parts of the annotation, sorted, and whether the plan did them. */
#define PART_COUNT 4
static const char *const part_names[PART_COUNT] = {"env", "image", "pg_hba", "version"};

static void done_parts(const struct repair_plan *plan, bool ret[PART_COUNT])
{
    ret[0] = plan->env_list != REPAIR_KEEP || plan->env_locales != REPAIR_KEEP;
    ret[1] = plan->image != REPAIR_KEEP;
    ret[2] = plan->rules != REPAIR_KEEP;
    ret[3] = plan->version != REPAIR_KEEP;
}

/* Whether a comma-separated list holds the word. */
static bool lists(struct str list, const char *word)
{
    while (list.length) {
        long comma = str_find(list, STR(","));
        struct str item = {list.data, comma < 0 ? list.length : (size_t)comma};
        if (str_is(str_trim(item), word))
            return true;
        list = str_skip(list, comma < 0 ? list.length : (size_t)comma + 1);
    }
    return false;
}

/* What the annotation said before: a PUT drops it, so oldObject's counts when object has none. */
static struct str former_annotation(const struct repair_facts *facts)
{
    struct str now = object_annotation(facts->now.object, POLICY_PATCHED_ANNOTATION);
    return now.data || !facts->update
               ? now
               : object_annotation(facts->old.object, POLICY_PATCHED_ANNOTATION);
}

static void add_annotation(struct patch *patch, const struct repair_facts *facts,
                           const struct repair_plan *plan)
{
    struct value metadata = value_get(facts->now.object, "metadata");
    struct value annotations = value_get(metadata, "annotations");
    if (value_type(metadata) != VALUE_OBJECT ||
        (value_present(annotations) && value_type(annotations) != VALUE_OBJECT))
        return;
    bool done[PART_COUNT];
    done_parts(plan, done);
    struct str former = former_annotation(facts);
    struct buf text = BUF(256);
    for (size_t i = 0; i < PART_COUNT; i++)
        if (done[i] || lists(former, part_names[i]))
            buf_addf(&text, "%s%s", text.length ? "," : "", part_names[i]);

    if (value_present(annotations)) {
        if (!str_equal(buf_str(&text),
                       object_annotation(facts->now.object, POLICY_PATCHED_ANNOTATION)))
            add_text(patch, STR("/metadata/annotations/harbor-pg-webhook~1patched"),
                     buf_str(&text));
    } else {
        struct buf object = BUF(512);
        buf_addf(&object, "{\"%s\":\"%s\"}", POLICY_PATCHED_ANNOTATION, buf_str(&text).data);
        patch_add(patch, STR("/metadata/annotations"), buf_str(&object));
        buf_clear(&object);
    }
    buf_clear(&text);
}

static void write_patch(const struct repair_facts *facts, const struct repair_plan *plan,
                        struct decision *decision)
{
    struct patch patch;
    patch_open(&patch, &decision->patch);
    if (plan->rules != REPAIR_KEEP)
        add_rules(&patch, facts, plan->rules);
    if (plan->image != REPAIR_KEEP)
        add_text(&patch, STR("/spec/dockerImage"), repair_result_image(facts, plan));
    if (plan->version != REPAIR_KEEP) {
        struct buf version = BUF(16);
        buf_addf(&version, "%u", repair_wanted_version(facts));
        add_text(&patch, STR("/spec/postgresql/version"), buf_str(&version));
        buf_clear(&version);
    }
    if (plan->env_list != REPAIR_KEEP || plan->env_locales != REPAIR_KEEP)
        add_env(&patch, facts, plan);
    if (patch.operations)
        add_annotation(&patch, facts, plan);
    patch_close(&patch);
    decision->operations = patch.operations;
}

/* ---- what is said about it ---- */

#define REPAIR_LINE "kubectl -n %.*s annotate postgresql %.*s " POLICY_REPAIR_ANNOTATION "=true"

static void tell_rules(const struct repair_facts *facts, const struct repair_plan *plan,
                       struct decision *decision)
{
    static const char *const done[] = {[REPAIR_KEEP] = "",
                                       [REPAIR_FROM_OLD] = "oldObject's rules are kept",
                                       [REPAIR_FROM_POLICY] = "the nine rules"};
    const struct subject *subject = facts->subject;
    struct error why;
    bool work = repair_result_rules_work(facts, plan, &why);
    enum rules_kind kind = repair_result_rules(facts, plan);
    if (kind == RULES_CUSTOM)
        decision_note(decision, REASON_CUSTOM_RULES);
    if (kind == RULES_CUSTOM && !work)
        decision_warn(decision, REASON_RULES_LOCK_OUT,
                      "the rules and the image stay as they are, but under images from 2.0-p2 on "
                      "spec.patroni.pg_hba locks Patroni out: %s",
                      why.text);
    if (kind == RULES_DEFAULT && !work && repair_rules_matter(repair_result_image(facts, plan)))
        decision_warn(decision, REASON_RULES_LOCK_OUT,
                      "Harbor's rules lock Patroni out under this image; to repair: " REPAIR_LINE,
                      STR_ARG(subject->namespace), STR_ARG(subject->name));
    decision_trace(decision, "pg_hba", plan->rules != REPAIR_KEEP, done[plan->rules], "%s%s",
                   facts->now.rules_kind == RULES_DEFAULT    ? "the rules are Harbor's or absent"
                   : facts->now.rules_kind == RULES_REPAIRED ? "the rules are right"
                                                             : "the rules are a person's",
                   work ? "" : "; from image 2.0-p2 on they lock Patroni out");
}

static void warn_live_move(const struct repair_facts *facts, struct decision *decision)
{
    const char *obstacle = repair_live_move_obstacle(facts);
    if (obstacle)
        decision_warn(
            decision, REASON_LIVE_UNTOUCHED,
            "the image stays: %s; once that is right, take the annotation " POLICY_REPAIR_ANNOTATION
            " off and set it again",
            obstacle);
}

/* A person moves a running database across the collation line. */
static bool crosses_by_hand(const struct repair_facts *facts)
{
    enum image_side before = image_side(image_parse(value_text(facts->old.image)));
    enum image_side after = image_side(image_parse(value_text(facts->now.image)));
    return facts->update && facts->now.image_kind != IMAGE_DEFAULT && before == IMAGE_SIDE_OLD &&
           after == IMAGE_SIDE_NEW && !resource_locales_old(&facts->old) &&
           !resource_locales_old(&facts->now);
}

static void tell_image(const struct repair_facts *facts, const struct repair_plan *plan,
                       struct decision *decision)
{
    static const char *const done[] = {[REPAIR_KEEP] = "",
                                       [REPAIR_FROM_OLD] = "oldObject's image is kept",
                                       [REPAIR_FROM_POLICY] = "the configured image"};
    enum image_kind kind = repair_result_image_kind(facts, plan);
    bool candidate = kind == IMAGE_DEFAULT && (!facts->update || facts->repair_live);
    if (kind == IMAGE_CHOSEN)
        decision_note(decision, REASON_IMAGE_CHOSEN);
    bool lacks_version = candidate && !repair_pin_carries(facts);
    if (lacks_version)
        decision_note(decision, REASON_IMAGE_LACKS_VERSION);
    if (lacks_version && !facts->frozen)
        decision_warn(decision, REASON_IMAGE_LACKS_VERSION,
                      "the image stays: %s has no PostgreSQL %u, which the resource asks for",
                      facts->policy->database.image, repair_wanted_version(facts));
    else if (candidate && facts->update && !facts->frozen)
        warn_live_move(facts, decision);
    if (crosses_by_hand(facts))
        decision_warn(decision, REASON_IMAGE_CHOSEN,
                      "dockerImage moves a running database from Ubuntu 18.04 to 22.04, which "
                      "corrupts text indexes unless spec.env has " RESOURCE_LOCALES "=true");
    decision_trace(decision, "image", plan->image != REPAIR_KEEP, done[plan->image],
                   "the image is %s: '%.*s'",
                   facts->now.image_kind == IMAGE_DEFAULT ? "Harbor's default or absent"
                   : facts->now.image_kind == IMAGE_PIN   ? "the configured one"
                                                          : "a person's choice",
                   STR_ARG(value_text(facts->now.image)));
}

static void tell_env(const struct repair_facts *facts, const struct repair_plan *plan,
                     struct decision *decision)
{
    bool done = plan->env_list != REPAIR_KEEP || plan->env_locales != REPAIR_KEEP;
    struct str annotation = object_annotation(facts->old.object, POLICY_PATCHED_ANNOTATION);
    if (facts->update && lists(annotation, "env") && value_type(facts->old.locales) == VALUE_ABSENT)
        decision_warn(decision, REASON_ENV_PRUNED,
                      "spec.env lost " RESOURCE_LOCALES ": the CRD of postgres-operator before 1.8 "
                      "prunes it; update the CRD (Helm never does) and, if the image is still "
                      "Harbor's, repair again");
    decision_trace(
        decision, "locales", done,
        plan->env_list == REPAIR_FROM_OLD      ? "oldObject's spec.env is kept"
        : plan->env_locales == REPAIR_FROM_OLD ? "oldObject's " RESOURCE_LOCALES " is kept"
        : done                                 ? RESOURCE_LOCALES "=true in spec.env"
                                               : "",
        value_type(facts->now.locales) != VALUE_ABSENT ? "spec.env has " RESOURCE_LOCALES
                                                       : "spec.env has no " RESOURCE_LOCALES);
}

static void tell(const struct repair_facts *facts, const struct repair_plan *plan,
                 struct decision *decision)
{
    struct error unused;
    tell_rules(facts, plan, decision);
    tell_image(facts, plan, decision);
    tell_env(facts, plan, decision);
    decision_trace(decision, "version", plan->version != REPAIR_KEEP,
                   plan->version == REPAIR_KEEP ? "" : "spec.postgresql.version",
                   "the resource asks for PostgreSQL %u", facts->now.version);

    bool default_left = repair_result_rules(facts, plan) == RULES_DEFAULT ||
                        repair_result_image_kind(facts, plan) == IMAGE_DEFAULT;
    if (facts->update && default_left)
        decision_note(decision, REASON_LIVE_UNTOUCHED);
    if (repair_result_image_kind(facts, plan) != IMAGE_DEFAULT &&
        repair_result_rules_work(facts, plan, &unused))
        decision->state = STATE_REPAIRED;
    decision_note(decision, decision->operations ? REASON_REPAIRED : REASON_ALREADY_RIGHT);
    buf_add(&decision->image, repair_result_image(facts, plan));
}

/* ---- the decision ---- */

/* Why nothing is decided about this request, or NULL. */
static const char *not_concerned(const struct subject *subject)
{
    if (subject->operation != OPERATION_CREATE && subject->operation != OPERATION_UPDATE)
        return "only creation and updates are repaired";
    if (subject->sub_resource.length)
        return "a subresource is not the resource";
    if (value_present(value_at(subject->object, "metadata.deletionTimestamp")))
        return "the resource is being deleted";
    if (value_type(value_get(subject->object, "spec")) != VALUE_OBJECT)
        return "the resource has no spec";
    return NULL;
}

void decide_postgresql(const struct policy *policy, const struct subject *subject,
                       struct decision *decision)
{
    const char *why = not_concerned(subject);
    decision_trace(decision, "concerned", !why, NULL, "%s",
                   why ? why : "a postgresql resource is created or updated");
    if (why) {
        decision_note(decision, REASON_NOT_CONCERNED);
        return;
    }
    why = "neither annotation, owner nor names are Harbor-operator's";
    bool harbor = resource_is_harbor(subject, &why);
    decision_trace(decision, "harbor", harbor, NULL, "%s", why);
    if (!harbor) {
        decision_note(decision, REASON_NOT_HARBOR);
        return;
    }
    struct repair_facts facts;
    repair_gather(policy, subject, &facts);
    struct repair_plan plan = repair_plan_make(&facts);
    write_patch(&facts, &plan, decision);
    tell(&facts, &plan, decision);
}
