#include "patches/resource.h"

#include "patches/hba.h"

#include <stdio.h>

/* Rules beyond this many are not compared one by one: such a list is nobody's default. */
#define RULES_MAX 1000

#define CHECKSUM ".harborcluster.checksum.goharbor.io/"

static bool has_checksum(struct value object, struct str namespace)
{
    struct value annotation = value_first(value_at(object, "metadata.annotations"));
    for (; value_type(annotation) != VALUE_ABSENT; annotation = value_next(annotation)) {
        struct str key = value_key(annotation);
        if (str_starts(key, namespace) &&
            str_starts(str_skip(key, namespace.length), STR(CHECKSUM)))
            return true;
    }
    return false;
}

/* postgresql-<namespace>-<HarborCluster> with team postgresql-<namespace>. */
static bool has_harbor_names(struct value object, struct str namespace, struct str name)
{
    struct str prefix = STR("postgresql-");
    struct str team = value_text(value_at(object, "spec.teamId"));
    if (!str_starts(team, prefix) || !str_equal(str_skip(team, prefix.length), namespace))
        return false;
    return str_starts(name, team) && str_starts(str_skip(name, team.length), STR("-")) &&
           name.length > team.length + 1;
}

bool resource_is_harbor(const struct subject *subject, const char **ret_why)
{
    const struct value objects[] = {subject->object, subject->old_object};
    for (size_t i = 0; i < 2; i++) {
        struct str name = value_text(value_at(objects[i], "metadata.name"));
        if (has_checksum(objects[i], subject->namespace))
            *ret_why = "it carries Harbor-operator's checksum annotation";
        else if (object_owner(objects[i], "goharbor.io/", "HarborCluster").data)
            *ret_why = "a HarborCluster owns it";
        else if (has_harbor_names(objects[i], subject->namespace, name))
            *ret_why = "its name and its team are Harbor-operator's";
        else
            continue;
        return true;
    }
    return false;
}

/* The rules as texts; returns their number, or SIZE_MAX when the value is no list of texts. The
 * caller frees *ret. */
static size_t rule_texts(struct value rules, struct str **ret)
{
    size_t count = value_count(rules);
    *ret = NULL;
    if (value_type(rules) != VALUE_ARRAY || count > RULES_MAX)
        return SIZE_MAX;
    *ret = xcalloc(count, sizeof(**ret));
    struct value rule = value_first(rules);
    for (size_t i = 0; i < count; i++, rule = value_next(rule)) {
        (*ret)[i] = value_text(rule);
        if (!(*ret)[i].data)
            return SIZE_MAX;
    }
    return count;
}

static bool are_repaired(const struct policy *policy, const struct str *rules, size_t count)
{
    const struct strlist *wanted = &policy->database.pg_hba;
    if (count != wanted->count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!str_same_words(rules[i], str_of(wanted->items[i])))
            return false;
    return true;
}

static enum rules_kind rules_kind(const struct policy *policy, struct value spec,
                                  struct value rules)
{
    struct value patroni = value_get(spec, "patroni");
    if (value_present(patroni) && value_type(patroni) != VALUE_OBJECT)
        return RULES_CUSTOM;
    if (!value_present(rules))
        return RULES_DEFAULT;
    autofree struct str *texts = NULL;
    size_t count = rule_texts(rules, &texts);
    if (count == 0 || (count != SIZE_MAX && hba_is_harbor(texts, count)))
        return RULES_DEFAULT;
    return count != SIZE_MAX && are_repaired(policy, texts, count) ? RULES_REPAIRED : RULES_CUSTOM;
}

bool resource_is_default_image(const struct policy *policy, struct str image)
{
    const struct strlist *patterns = &policy->database.replace_images;
    for (size_t i = 0; image.data && i < patterns->count; i++)
        if (str_glob(str_of(patterns->items[i]), image))
            return true;
    return false;
}

static enum image_kind image_kind(const struct policy *policy, struct value image)
{
    struct str text = value_text(image);
    if (!value_present(image) || (text.data && !text.length))
        return IMAGE_DEFAULT;
    if (str_is(text, policy->database.image))
        return IMAGE_PIN;
    return resource_is_default_image(policy, text) ? IMAGE_DEFAULT : IMAGE_CHOSEN;
}

static struct value entry_named(struct value env, const char *name)
{
    struct value entry = value_first(env);
    while (value_type(entry) != VALUE_ABSENT && !str_is(value_text(value_get(entry, "name")), name))
        entry = value_next(entry);
    return entry;
}

/* The first number of "12" or "9.6"; 0 when there is none. */
static unsigned major_version(struct str text)
{
    long dot = str_find(text, STR("."));
    uint64_t major = 0;
    if (!str_number(dot < 0 ? text : (struct str){text.data, (size_t)dot}, &major) || major > 999)
        return 0;
    return (unsigned)major;
}

void resource_read(const struct policy *policy, struct value object, struct resource *ret)
{
    struct value spec = value_get(object, "spec");
    *ret = (struct resource){
        .object = object,
        .rules = value_at(spec, "patroni.pg_hba"),
        .image = value_get(spec, "dockerImage"),
        .version = major_version(value_text(value_at(spec, "postgresql.version"))),
        .env = value_get(spec, "env"),
    };
    ret->rules_kind = rules_kind(policy, spec, ret->rules);
    ret->image_kind = image_kind(policy, ret->image);
    ret->locales = entry_named(ret->env, RESOURCE_LOCALES);
}

bool resource_env_empty(const struct resource *resource)
{
    return !value_present(resource->env) ||
           (value_type(resource->env) == VALUE_ARRAY && value_count(resource->env) == 0);
}

bool resource_locales_old(const struct resource *resource)
{
    return str_is(value_text(value_get(resource->locales, "value")), "true");
}

bool resource_rules_work(const struct resource *resource, struct error *err)
{
    if (resource->rules_kind == RULES_REPAIRED)
        return true; /* the configuration was refused if they did not */
    if (resource->rules_kind == RULES_DEFAULT && !value_count(resource->rules))
        return true; /* spilo's own rules */
    autofree struct str *texts = NULL;
    size_t count = rule_texts(resource->rules, &texts);
    if (count == SIZE_MAX)
        return error_set(err, "spec.patroni.pg_hba is not a list of texts");
    return hba_lets_patroni_in(texts, count, STR("postgres"), STR("standby"), err);
}
