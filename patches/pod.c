#include "patches/pod.h"

/* Longest SCOPE that is followed; a resource's name has at most 253 bytes. */
#define SCOPE_MAX 4096

static struct value find_container(struct value object, size_t *ret_index)
{
    struct value container = value_first(value_at(object, "spec.containers"));
    for (size_t i = 0; value_type(container) != VALUE_ABSENT; i++) {
        if (str_is(value_text(value_get(container, "name")), "postgres")) {
            *ret_index = i;
            return container;
        }
        container = value_next(container);
    }
    return VALUE_NONE;
}

/* The HarborCluster of a resource name postgresql-<namespace>-<name>, or STR_NONE. */
static struct str harbor_cluster(struct str scope, struct str namespace)
{
    struct str prefix = STR("postgresql-");
    if (!str_starts(scope, prefix))
        return STR_NONE;
    scope = str_skip(scope, prefix.length);
    if (!str_starts(scope, namespace))
        return STR_NONE;
    scope = str_skip(scope, namespace.length);
    return scope.length > 1 && scope.data[0] == '-' ? str_skip(scope, 1) : STR_NONE;
}

/* Reads the pod, or says why it is none of spilo's. */
static const char *read_pod(const struct subject *subject, struct pod *ret)
{
    size_t index = 0;
    struct value container = find_container(subject->object, &index);
    if (value_type(container) == VALUE_ABSENT)
        return "no container is named postgres";
    if (object_annotation(subject->object, "kubernetes.io/config.mirror").data)
        return "it is the mirror of a static pod";
    struct str owner = object_owner(subject->object, "apps/", "StatefulSet");
    if (!owner.data)
        return "no StatefulSet owns it";

    *ret = (struct pod){.container = container, .scope = BUF(SCOPE_MAX)};
    env_read(subject, container, index, &ret->env);
    if (!env_has(&ret->env, STR("SCOPE"))) {
        pod_done(ret);
        return "the container has no env SCOPE";
    }
    /* A SCOPE by reference cannot be compared: then the owner's name stands for it. */
    if (env_resolve(&ret->env, "SCOPE", &ret->scope) != ENV_LITERAL) {
        buf_clear(&ret->scope);
        buf_add(&ret->scope, owner);
    }
    if (!str_equal(buf_str(&ret->scope), owner)) {
        pod_done(ret);
        return "SCOPE is not the name of its StatefulSet";
    }
    ret->image = value_text(value_get(container, "image"));
    ret->cluster = harbor_cluster(buf_str(&ret->scope), subject->namespace);
    return NULL;
}

void pod_done(struct pod *pod)
{
    env_done(&pod->env);
    buf_clear(&pod->scope);
}

/* A list names HarborClusters or whole resources. */
static bool names_pod(const struct strlist *names, const struct pod *pod)
{
    return strlist_has(names, buf_str(&pod->scope)) ||
           (pod->cluster.data && strlist_has(names, pod->cluster));
}

static bool covers(const struct cluster_filter *filter, const struct pod *pod)
{
    switch (filter->coverage) {
    case COVERAGE_ALL:
        return true;
    case COVERAGE_HARBOR:
        return pod->cluster.data != NULL;
    case COVERAGE_LISTED:
    default:
        return names_pod(&filter->names, pod);
    }
}

static void deny_not_covered(const struct subject *subject, const struct pod_profile *profile,
                             const struct pod *pod, struct decision *decision)
{
    autofree char *names = strlist_join(&profile->clusters->names, ", ");
    decision_deny(
        decision, REASON_CLUSTER_NOT_IN_PROFILE,
        "HarborCluster '%.*s' is not in the list 'clusters' of %s profile '%.*s' (%s), "
        "which namespace '%.*s' is labelled with: add it to 'clusters', or to 'except' to "
        "leave it alone",
        STR_ARG(pod->cluster), profile->kind, STR_ARG(profile->name), names,
        STR_ARG(subject->namespace));
}

/* Whether the profile is for this pod; if not, the decision says what instead. */
static bool is_for(const struct subject *subject, const struct pod_profile *profile,
                   const struct pod *pod, struct decision *decision)
{
    if (!profile->name.data) {
        decision_deny(decision, REASON_UNKNOWN_PROFILE,
                      "the label harbor-pg-webhook/%s of namespace '%.*s' names no profile; there "
                      "are: %s; correct the label, or take it off to start without a %s",
                      profile->kind, STR_ARG(subject->namespace), profile->names, profile->kind);
        return false;
    }
    if (names_pod(&profile->clusters->except, pod)) {
        decision_note(decision, REASON_EXCEPTED);
        return false;
    }
    if (covers(profile->clusters, pod))
        return true;
    if (pod->cluster.data)
        deny_not_covered(subject, profile, pod, decision);
    else
        decision_note(decision, REASON_NOT_HARBOR);
    return false;
}

/* Two HarborClusters in one namespace get the same data, which is seldom meant. */
static void trace_covered(const struct pod_profile *profile, const struct pod *pod,
                          struct decision *decision)
{
    static const char *const whom[] = {
        [COVERAGE_HARBOR] = "every HarborCluster",
        [COVERAGE_ALL] = "every spilo cluster",
        [COVERAGE_LISTED] = "every one that it lists",
    };
    enum coverage coverage = profile->clusters->coverage;
    bool alone = coverage == COVERAGE_LISTED && profile->clusters->names.count == 1;
    bool shares = profile->one_source && !alone;
    decision_trace(decision, "clusters", true, NULL, "the profile is for '%.*s'%s%s%s",
                   STR_ARG(buf_str(&pod->scope)), shares ? ", as for " : "",
                   shares ? whom[coverage] : "",
                   shares ? " in this namespace: each starts from the same data" : "");
}

bool pod_concerns(const struct subject *subject, const struct pod_profile *profile,
                  struct decision *decision, struct pod *ret)
{
    bool created = subject->operation == OPERATION_CREATE && !subject->sub_resource.length;
    decision_trace(decision, "concerned", created, NULL,
                   created ? "a pod is created" : "a pod's environment is fixed once it exists");
    if (!created) {
        decision_note(decision, REASON_NOT_CONCERNED);
        return false;
    }
    const char *why_not = read_pod(subject, ret);
    decision_trace(decision, "spilo", !why_not, NULL, "%s",
                   why_not ? why_not : "container postgres with SCOPE, owned by its StatefulSet");
    if (why_not) {
        decision_note(decision, REASON_NOT_SPILO);
        return false;
    }
    decision->profile = profile->name;
    buf_add(&decision->image, ret->image);
    bool covered = is_for(subject, profile, ret, decision);
    if (covered) {
        trace_covered(profile, ret, decision);
    } else {
        decision_trace(decision, "clusters", false, NULL, "the profile is not for '%.*s'",
                       STR_ARG(buf_str(&ret->scope)));
        pod_done(ret);
    }
    return covered;
}

void pod_check_profile(const struct pod_profile *profile, struct decision *decision)
{
    const struct {
        enum reason reason;
        const struct strlist *texts;
    } kinds[] = {
        {REASON_INCOMPLETE_PROFILE, &profile->problems->missing},
        {REASON_INVALID_CONFIG, &profile->problems->wrong},
    };
    for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
        for (size_t i = 0; i < kinds[k].texts->count; i++)
            decision_deny(decision, kinds[k].reason, "%s", kinds[k].texts->items[i]);
    bool whole = !profile->problems->missing.count && !profile->problems->wrong.count;
    decision_trace(decision, "profile", whole, NULL,
                   whole ? "profile '%.*s' is complete" : "profile '%.*s' has mistakes",
                   STR_ARG(profile->name));
}
