#include "patches/repair.h"

/* ---- what the result looks like under a plan ---- */

static const struct resource *rules_source(const struct repair_facts *facts,
                                           const struct repair_plan *plan)
{
    return plan->rules == REPAIR_FROM_OLD ? &facts->old : &facts->now;
}

enum rules_kind repair_result_rules(const struct repair_facts *facts,
                                    const struct repair_plan *plan)
{
    return plan->rules == REPAIR_FROM_POLICY ? RULES_REPAIRED
                                             : rules_source(facts, plan)->rules_kind;
}

bool repair_result_rules_work(const struct repair_facts *facts, const struct repair_plan *plan,
                              struct error *err)
{
    return plan->rules == REPAIR_FROM_POLICY || resource_rules_work(rules_source(facts, plan), err);
}

enum image_kind repair_result_image_kind(const struct repair_facts *facts,
                                         const struct repair_plan *plan)
{
    if (plan->image == REPAIR_FROM_POLICY)
        return IMAGE_PIN;
    return plan->image == REPAIR_FROM_OLD ? facts->old.image_kind : facts->now.image_kind;
}

struct str repair_result_image(const struct repair_facts *facts, const struct repair_plan *plan)
{
    if (plan->image == REPAIR_FROM_POLICY)
        return str_of(facts->policy->database.image);
    return value_text(plan->image == REPAIR_FROM_OLD ? facts->old.image : facts->now.image);
}

/* ---- the plan, field by field ---- */

static void plan_rules(const struct repair_facts *facts, struct repair_plan *plan)
{
    if (facts->now.rules_kind != RULES_DEFAULT)
        return;
    if (facts->update && facts->old.rules_kind != RULES_DEFAULT &&
        value_type(facts->old.rules) == VALUE_ARRAY)
        plan->rules = REPAIR_FROM_OLD;
    else if (!facts->update || facts->repair_live)
        plan->rules = REPAIR_FROM_POLICY;
}

/* The version that the resource will ask for. A lift happens at creation, to Harbor's own number,
 * together with the image or not at all. */
unsigned repair_wanted_version(const struct repair_facts *facts)
{
    unsigned asked = facts->now.version;
    unsigned lift = facts->policy->database.postgresql_version;
    if (facts->update)
        return asked > facts->old.version ? asked : facts->old.version;
    return asked == RESOURCE_HARBOR_VERSION && lift > asked ? lift : asked;
}

static void plan_version(const struct repair_facts *facts, struct repair_plan *plan)
{
    if (facts->now.version != RESOURCE_HARBOR_VERSION ||
        repair_wanted_version(facts) == facts->now.version)
        return;
    if (facts->update)
        plan->version = REPAIR_FROM_OLD;
    else if (repair_result_image_kind(facts, plan) == IMAGE_PIN)
        plan->version = REPAIR_FROM_POLICY;
}

bool repair_pin_carries(const struct repair_facts *facts)
{
    unsigned version = repair_wanted_version(facts);
    return !version || image_carries(facts->policy->database.pin, version);
}

bool repair_rules_matter(struct str image)
{
    return !image_before(image_parse(image), 2, 0, 2);
}

/* What keeps a live image from being moved to the pin, or NULL. A database lives with one
 * collation: the old one under an Ubuntu 18.04 image or with the variable, the new one otherwise.
 */
const char *repair_live_move_obstacle(const struct repair_facts *facts)
{
    struct str image = value_text(facts->old.image);
    enum image_side from = image_side(image_parse(image));
    bool stored = resource_locales_old(&facts->old);
    bool stays =
        value_type(facts->now.locales) == VALUE_ABSENT || resource_locales_old(&facts->now);
    if (from == IMAGE_SIDE_UNKNOWN)
        return "the Ubuntu under the running image is not known, so its collation is not either";
    bool old_before = from == IMAGE_SIDE_OLD || stored;
    bool old_after = image_side(facts->policy->database.pin) == IMAGE_SIDE_OLD || (stored && stays);
    if (old_before == old_after)
        return NULL;
    return old_before ? "USE_OLD_LOCALES=true has to be in the resource first"
                      : "the pin has the collation of Ubuntu 18.04 and the data the newer one";
}

/* Whether the pin may take the place of Harbor's default. */
static bool may_pin(const struct repair_facts *facts, const struct repair_plan *plan)
{
    struct error unused;
    if (!repair_pin_carries(facts) || !repair_result_rules_work(facts, plan, &unused))
        return false;
    return !facts->update || (facts->repair_live && facts->old.image_kind == IMAGE_DEFAULT &&
                              !repair_live_move_obstacle(facts));
}

static void plan_image(const struct repair_facts *facts, struct repair_plan *plan)
{
    if (facts->now.image_kind != IMAGE_DEFAULT)
        return;
    struct str stored = value_text(facts->old.image);
    if (may_pin(facts, plan))
        plan->image = REPAIR_FROM_POLICY;
    else if (stored.length && !str_equal(stored, value_text(facts->now.image)))
        plan->image = REPAIR_FROM_OLD;
    /* Rules that lock Patroni out do not stay under an image that this request would have lost. */
    if (plan->image == REPAIR_FROM_OLD && repair_result_rules(facts, plan) == RULES_DEFAULT &&
        repair_rules_matter(stored))
        plan->rules = REPAIR_FROM_POLICY;
}

/* A live image that is to cross the line gets the variable first and the image at a later update:
 * only a variable that was stored is one that the pods have (an old CRD prunes spec.env). */
static bool wants_variable_first(const struct repair_facts *facts, const struct repair_plan *plan)
{
    return facts->repair_live && plan->image != REPAIR_FROM_POLICY &&
           facts->now.image_kind == IMAGE_DEFAULT && facts->old.image_kind == IMAGE_DEFAULT &&
           image_side(image_parse(value_text(facts->old.image))) == IMAGE_SIDE_OLD &&
           image_side(facts->policy->database.pin) != IMAGE_SIDE_OLD &&
           value_type(facts->old.locales) == VALUE_ABSENT && repair_pin_carries(facts);
}

static bool wants_variable_at_birth(const struct repair_facts *facts,
                                    const struct repair_plan *plan)
{
    return !facts->update && facts->policy->database.locales_old &&
           (repair_result_image_kind(facts, plan) == IMAGE_PIN ||
            image_side(image_parse(repair_result_image(facts, plan))) != IMAGE_SIDE_OLD);
}

static void plan_env(const struct repair_facts *facts, struct repair_plan *plan)
{
    const struct resource *now = &facts->now;
    bool is_list = resource_env_empty(now) || value_type(now->env) == VALUE_ARRAY;
    if (!is_list)
        return; /* the schema refuses it */
    if (facts->update && resource_env_empty(now) && value_count(facts->old.env) > 0)
        plan->env_list = REPAIR_FROM_OLD;
    bool present = value_type(now->locales) != VALUE_ABSENT;
    bool stored = value_type(facts->old.locales) != VALUE_ABSENT;
    if (present)
        return;
    if (facts->update && stored)
        plan->env_locales = plan->env_list == REPAIR_FROM_OLD ? REPAIR_KEEP : REPAIR_FROM_OLD;
    else if (wants_variable_first(facts, plan) || wants_variable_at_birth(facts, plan))
        plan->env_locales = REPAIR_FROM_POLICY;
}

struct repair_plan repair_plan_make(const struct repair_facts *facts)
{
    struct repair_plan plan = {0};
    if (facts->frozen)
        return plan;
    plan_rules(facts, &plan);
    plan_image(facts, &plan);
    plan_version(facts, &plan);
    plan_env(facts, &plan);
    return plan;
}

static bool is_true(struct value object, const char *annotation)
{
    return str_is(object_annotation(object, annotation), "true");
}

void repair_gather(const struct policy *policy, const struct subject *subject,
                   struct repair_facts *ret)
{
    *ret = (struct repair_facts){
        .policy = policy,
        .subject = subject,
        .update = subject->operation == OPERATION_UPDATE,
    };
    resource_read(policy, subject->object, &ret->now);
    resource_read(policy, subject->old_object, &ret->old);
    if (!ret->update)
        return;
    bool asked = is_true(subject->object, POLICY_REPAIR_ANNOTATION);
    bool newly_asked = asked && !is_true(subject->old_object, POLICY_REPAIR_ANNOTATION);
    bool same_spec =
        value_equal(value_get(subject->object, "spec"), value_get(subject->old_object, "spec"));
    ret->frozen = same_spec && !newly_asked;
    ret->repair_live = asked || policy->database.patch_live_clusters;
}
