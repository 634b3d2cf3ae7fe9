#include "server/kube_config.h"

#include "base/file.h"
#include "base/mem.h"
#include "certs/secret.h"
#include "patches/fields.h"
#include "patches/shown.h"
#include "server/yaml.h"

#include <unistd.h>

/* One kubeconfig. */
struct file {
    char *name;
    json_t *tree; /* an object */
};

struct reading {
    struct file files[KUBE_CONFIG_FILES_MAX];
    size_t count;
    struct strlist *mistakes;
};

/* The three lists of a kubeconfig. */
struct list {
    const char *name;   /* "clusters" */
    const char *member; /* "cluster": what an entry holds beside its name */
};

static const struct list contexts = {"contexts", "context"};
static const struct list clusters = {"clusters", "cluster"};
static const struct list users = {"users", "user"};

/* An entry that was found; `path` owned. */
struct found {
    struct kube_entry entry;
    char *path;
};

static void found_done(struct found *found)
{
    free(found->path);
}

static void reading_done(struct reading *reading)
{
    for (size_t i = 0; i < reading->count; i++) {
        free(reading->files[i].name);
        json_decref(reading->files[i].tree);
    }
}

static void read_one(struct reading *reading, const char *name)
{
    struct error err;
    struct buf text = BUF(KUBE_CONFIG_MAX);
    json_t *tree = NULL;
    if (!file_read(name, &text, &err))
        strlist_add(reading->mistakes, str_of(err.text));
    else if (!(tree = yaml_read(buf_str(&text), &err)))
        strlist_addf(reading->mistakes, "%s: %s", name, err.text);
    else if (!json_is_object(tree))
        strlist_addf(
            reading->mistakes,
            "%s: is %s, expected a kubeconfig ('kubectl config view --flatten' writes one)", name,
            json_is_null(tree) ? "empty" : field_type_name(tree));
    secret_clear(&text);
    if (json_is_object(tree))
        reading->files[reading->count++] = (struct file){xstrdup(name), tree};
    else
        json_decref(tree);
}

/* As kubectl: a file of the list that is not there is passed over. */
static void read_list(struct reading *reading, const char *names)
{
    size_t read = 0;
    for (const char *at = names; *at; at += strcspn(at, ":"), at += strspn(at, ":")) {
        autofree char *name = xstrndup(at, strcspn(at, ":"));
        if (!*name || access(name, F_OK) != 0)
            continue;
        if (read++ < KUBE_CONFIG_FILES_MAX)
            read_one(reading, name);
    }
    if (!read)
        strlist_addf(reading->mistakes, "KUBECONFIG: none of its files is there: %.300s", names);
    if (read > KUBE_CONFIG_FILES_MAX)
        strlist_addf(reading->mistakes, "KUBECONFIG: has %zu files, expected at most %d", read,
                     KUBE_CONFIG_FILES_MAX);
}

/* The names of all files, for messages; the caller frees. */
static char *all_names(const struct reading *reading)
{
    struct strlist names = {0};
    for (size_t i = 0; i < reading->count; i++)
        strlist_add(&names, str_of(reading->files[i].name));
    char *text = strlist_join(&names, ", ");
    strlist_clear(&names);
    return text;
}

/* What entries there are, for messages; the caller frees. */
static char *known_names(const struct reading *reading, const struct list *list)
{
    size_t index;
    json_t *entry;
    struct strlist names = {0};
    for (size_t i = 0; i < reading->count; i++)
        json_array_foreach(json_object_get(reading->files[i].tree, list->name), index, entry)
        {
            struct str name = str_of(json_string_value(json_object_get(entry, "name")));
            if (name.data && !strlist_has(&names, str_of(shown(name).text)))
                strlist_add(&names, str_of(shown(name).text));
        }
    char *text = names.count ? strlist_join(&names, ", ") : xstrdup("none");
    strlist_clear(&names);
    return text;
}

static bool take(const struct reading *reading, const struct list *list, const struct file *file,
                 size_t index, struct found *ret)
{
    const json_t *entry = json_array_get(json_object_get(file->tree, list->name), index);
    const json_t *fields = json_object_get(entry, list->member);
    ret->path = xasprintf("%s[%zu].%s", list->name, index, list->member);
    ret->entry = (struct kube_entry){file->name, ret->path, fields};
    if (json_is_object(fields))
        return true;
    strlist_addf(reading->mistakes, "%s: %s: %s, expected a mapping", file->name, ret->path,
                 fields ? field_type_name(fields) : "is not there");
    return false;
}

/* The first entry of this name; a mistake when there is none. `from` is who asks for it. */
static bool find(const struct reading *reading, const struct list *list, const char *name,
                 const char *from, struct found *ret)
{
    size_t index;
    json_t *entry;
    for (size_t i = 0; i < reading->count; i++)
        json_array_foreach(json_object_get(reading->files[i].tree, list->name), index,
                           entry) if (str_is(str_of(name),
                                             json_string_value(json_object_get(
                                                 entry, "name")))) return take(reading, list,
                                                                               &reading->files[i],
                                                                               index, ret);
    autofree char *known = known_names(reading, list);
    strlist_addf(reading->mistakes, "%s: there is no %s '%s', expected one of: %.300s", from,
                 list->member, shown(str_of(name)).text, known);
    return false;
}

/* A context's name of a cluster or user, and then that entry. */
static bool follow(const struct reading *reading, const struct found *context,
                   const struct list *list, struct found *ret)
{
    const json_t *name = json_object_get(context->entry.fields, list->member);
    autofree char *from = xasprintf("%s: %s.%s", context->entry.file, context->path, list->member);
    if (json_is_string(name) && json_string_length(name))
        return find(reading, list, json_string_value(name), from, ret);
    strlist_addf(reading->mistakes, "%s: expected the name of a %s", from, list->member);
    return false;
}

/* Of the first file that names one. */
static const char *current_context(const struct reading *reading)
{
    for (size_t i = 0; i < reading->count; i++) {
        const json_t *name = json_object_get(reading->files[i].tree, "current-context");
        if (json_is_string(name) && json_string_length(name))
            return json_string_value(name);
    }
    return NULL;
}

static bool find_context(const struct reading *reading, const char *asked, struct found *ret)
{
    autofree char *names = all_names(reading);
    const char *name = asked ? asked : current_context(reading);
    autofree char *from =
        asked ? xstrdup("--context") : xasprintf("%.300s: current-context", names);
    if (name)
        return find(reading, &contexts, name, from, ret);
    autofree char *known = known_names(reading, &contexts);
    strlist_addf(reading->mistakes, "%s: is not set, expected --context with one of: %.300s", from,
                 known);
    return false;
}

static void read_access(const struct reading *reading, const char *asked, struct kube_access *ret)
{
    cleanup(found_done) struct found context = {0};
    cleanup(found_done) struct found cluster = {0};
    cleanup(found_done) struct found user = {0};
    if (!find_context(reading, asked, &context))
        return;
    if (follow(reading, &context, &clusters, &cluster))
        kube_access_cluster(&cluster.entry, ret, reading->mistakes);
    if (follow(reading, &context, &users, &user))
        kube_access_user(&user.entry, ret, reading->mistakes);
}

static bool given(const char *text)
{
    return text && *text;
}

static bool of_pod(const struct kube_question *question, struct kube_access *ret,
                   struct strlist *mistakes)
{
    struct error err;
    if (!given(question->pod.host))
        strlist_addf(mistakes, "no cluster is named: expected --kubeconfig, KUBECONFIG, "
                               "~/.kube/config, or to run in a pod");
    else if (given(question->context))
        strlist_addf(mistakes, "--context: a pod has no contexts, expected --kubeconfig beside it");
    else if (kube_access_of_pod(&question->pod, ret, &err))
        return true;
    else
        strlist_add(mistakes, str_of(err.text));
    return false;
}

/* Reads the files that the question means; false when it means none. */
static bool read_files(const struct kube_question *question, struct reading *reading)
{
    autofree char *at_home =
        given(question->home) ? xasprintf("%s/.kube/config", question->home) : xstrdup("");
    if (given(question->file))
        read_one(reading, question->file);
    else if (given(question->kubeconfig))
        read_list(reading, question->kubeconfig);
    else if (access(at_home, F_OK) == 0)
        read_one(reading, at_home);
    else
        return false;
    return true;
}

bool kube_config_read(const struct kube_question *question, struct kube_access *ret,
                      struct strlist *mistakes)
{
    size_t before = mistakes->count;
    struct kube_access found = {0};
    cleanup(reading_done) struct reading reading = {.mistakes = mistakes};
    if (!read_files(question, &reading))
        return of_pod(question, ret, mistakes);
    if (mistakes->count == before)
        read_access(&reading, given(question->context) ? question->context : NULL, &found);
    if (mistakes->count == before) {
        *ret = found;
        return true;
    }
    kube_access_done(&found);
    return false;
}

struct kube_question kube_question_of_environment(void)
{
    return (struct kube_question){
        .kubeconfig = getenv("KUBECONFIG"),
        .home = getenv("HOME"),
        .pod = {getenv("KUBERNETES_SERVICE_HOST"), getenv("KUBERNETES_SERVICE_PORT"), NULL},
    };
}
