#include "server/offline.h"

#include "base/file.h"
#include "base/mem.h"
#include "patches/shown.h"
#include "server/config.h"

#include <stdio.h>
#include <time.h>

/* All of the input; a single review is bounded by the configuration. */
#define INPUT_MAX (64u * 1024 * 1024)

#define NAMESPACE_DEFAULT "default"

struct offline {
    struct verdict_question question;
    struct manifest_reader reader;
    offline_print *print;
    const void *context;
    bool quiet;
    size_t printed;
};

static void config_cleanup(struct config **config)
{
    if (*config)
        config_unref(*config);
}

/* 1 is worse than 3, and 3 than 0. */
static int worse(int a, int b)
{
    return a == COMMAND_FAILED || b == COMMAND_FINE ? a : b;
}

static struct config *load_config(const char *path, int64_t now)
{
    struct strlist mistakes = {0};
    struct config *config = config_load(path, now, &mistakes);
    for (size_t i = 0; i < mistakes.count; i++)
        command_failed(mistakes.items[i]);
    strlist_clear(&mistakes);
    return config;
}

static bool is_unlisted(const char *profile)
{
    return strcmp(profile, POLICY_PROFILE_UNLISTED) == 0;
}

static bool check_profiles(const struct verdict_question *question, struct error *err)
{
    const char *restore = question->restore_profile;
    if (restore && !is_unlisted(restore) && !policy_restore(question->policy, str_of(restore))) {
        autofree char *names = policy_restore_names(question->policy);
        return error_set(err, "there is no restore profile '%s'; there are: %s", restore, names);
    }
    const char *backup = question->backup_profile;
    if (backup && !is_unlisted(backup) && !policy_backup(question->policy, str_of(backup))) {
        autofree char *names = policy_backup_names(question->policy);
        return error_set(err, "there is no backup profile '%s'; there are: %s", backup, names);
    }
    return true;
}

/* "Pod harbor/postgresql-harbor-harbor-0". The caller frees. */
static char *make_label(const struct manifest *manifest)
{
    const json_t *request = json_object_get(manifest->review, "request");
    const json_t *kind = json_object_get(json_object_get(request, "kind"), "kind");
    const char *namespace = json_string_value(json_object_get(request, "namespace"));
    const char *name = json_string_value(json_object_get(request, "name"));
    struct buf label = BUF(1024);
    buf_addf(&label, "%s ", json_string_value(kind));
    buf_addf(&label, "%s/", namespace ? shown(str_of(namespace)).text : "");
    buf_addf(&label, "%s", name && name[0] ? shown(str_of(name)).text : "(no name yet)");
    return buf_take(&label);
}

/* With several documents a message says which one it is about. */
static void print_messages(const struct verdict *verdict, const char *label, bool several)
{
    const char *about = several ? label : "";
    const char *colon = several ? ": " : "";
    for (size_t i = 0; i < verdict->warnings.count; i++)
        fprintf(stderr, "warning: %s%s%s\n", about, colon, verdict->warnings.items[i]);
    if (!verdict->allowed)
        fprintf(stderr, "denied (%s): %s%s%s\n", verdict->reason, about, colon, verdict->message);
}

static int run_document(struct offline *offline, const struct manifest *manifest)
{
    autofree char *label = make_label(manifest);
    struct error err;
    struct verdict verdict;
    int result = COMMAND_FINE;
    if (verdict_make(&offline->question, manifest, &verdict, &err)) {
        struct offline_document document = {manifest, &verdict, label, offline->printed,
                                            offline->context};
        offline->printed += offline->print(&document);
        if (!offline->quiet)
            print_messages(&verdict, label, manifest_several(&offline->reader));
        result = verdict.allowed ? COMMAND_FINE : COMMAND_DENIED;
    } else {
        error_wrap_(&err, "%s: %s", offline->reader.name, label);
        result = command_failed(err.text);
    }
    verdict_done(&verdict);
    return result;
}

static int run_documents(struct offline *offline)
{
    int result = COMMAND_FINE;
    size_t found = 0;
    for (;; found++) {
        struct error err;
        struct manifest manifest;
        enum manifest_result read = manifest_next(&offline->reader, &manifest, &err);
        if (read == MANIFEST_END)
            break;
        if (read == MANIFEST_BAD) {
            result = command_failed(err.text);
            continue;
        }
        result = worse(result, run_document(offline, &manifest));
        manifest_done(&manifest);
    }
    manifest_reader_done(&offline->reader);
    if (found)
        return result;
    struct error err;
    error_set_(&err, "%s: no document in it", offline->reader.name);
    return command_failed(err.text);
}

int offline_run(const struct options *options, offline_print *print, const void *context,
                bool quiet)
{
    int64_t now = (int64_t)time(NULL);
    cleanup(config_cleanup) struct config *config =
        load_config(options_get(options, "config", NULL), now);
    if (!config)
        return COMMAND_FAILED;

    struct offline offline = {
        .question = {.policy = config->policy,
                     .restore_profile = options_get(options, "profile", NULL),
                     .backup_profile = options_get(options, "backup-profile", NULL),
                     .body = config->server.limits.body,
                     .depth = (unsigned)config->server.limits.json_depth,
                     .now = now},
        .print = print,
        .context = context,
        .quiet = quiet,
    };
    struct error err;
    if (!check_profiles(&offline.question, &err))
        return command_failed(err.text);

    const char *path = options->argument_count ? options->arguments[0] : "-";
    struct buf text = BUF(INPUT_MAX);
    if (!file_read(path, &text, &err))
        return command_failed(err.text);
    offline.reader = (struct manifest_reader){
        .name = strcmp(path, "-") == 0 ? "standard input" : path,
        .text = buf_str(&text),
        .namespace = options_get(options, "namespace", NAMESPACE_DEFAULT),
    };
    int result = run_documents(&offline);
    buf_clear(&text);
    return result;
}
