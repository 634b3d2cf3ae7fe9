#include "server/cli_secrets.h"

#include "base/mem.h"
#include "server/cli_place.h"
#include "server/cli_secrets_parts.h"
#include "server/vault/guard.h"
#include "server/vault/pairs.h"
#include "server/vault/plan.h"

#include <stdio.h>

/* One archived Secret, and what becomes of it. */
struct item {
    const json_t *archived;
    char *name;   /* in the target namespace */
    json_t *live; /* NULL: none */
    struct vault_decision decision;
    enum { ITEM_DONE, ITEM_FAILED, ITEM_NOT_TRIED } outcome; /* of what was to be changed */
};

struct run {
    const struct options *options;
    struct secrets_archive archive;
    const char *namespace; /* where to */
    struct kube *kube;
    char *server;
    struct item items[VAULT_NAMES_MAX];
    size_t count;
    json_t *others[2 * (size_t)VAULT_PARTS]; /* what is there of the set, and is not archived */
    size_t other_count;
    bool changed; /* something has been written */
    struct salt salt;
    struct strlist findings;
    struct strlist failures;
};

static void run_done(struct run *run)
{
    secrets_archive_done(&run->archive);
    for (size_t i = 0; i < run->count; i++) {
        free(run->items[i].name);
        json_decref(run->items[i].live);
    }
    for (size_t i = 0; i < run->other_count; i++)
        json_decref(run->others[i]);
    kube_free(run->kube);
    free(run->server);
    strlist_clear(&run->findings);
    strlist_clear(&run->failures);
}

/* ---- the plan ---- */

static bool is_to_be_overwritten(const struct run *run, const char *name)
{
    const char *given;
    for (size_t i = 0; (given = options_value(run->options, "overwrite", i)); i++)
        if (strcmp(given, name) == 0)
            return true;
    return false;
}

/* A name that is nowhere in the archive is a typo, and nothing is done before it is right. */
static bool check_overwrite(const struct run *run, struct error *err)
{
    const char *given;
    for (size_t i = 0; (given = options_value(run->options, "overwrite", i)); i++) {
        size_t j = 0;
        while (j < run->count && strcmp(run->items[j].name, given) != 0)
            j++;
        if (j == run->count)
            return error_set(err, "--overwrite: the archive has no Secret '%.253s'", given);
    }
    return true;
}

static struct vault_owner owner_of(const struct run *run)
{
    return (struct vault_owner){run->namespace, run->archive.payload.origin.harbor_cluster};
}

static void name_items(struct run *run)
{
    const struct vault_origin *origin = &run->archive.payload.origin;
    const struct vault_owner from = {origin->namespace, origin->harbor_cluster};
    for (size_t i = 0; i < json_array_size(run->archive.payload.secrets); i++) {
        const json_t *archived = json_array_get(run->archive.payload.secrets, i);
        run->items[run->count++] = (struct item){
            .archived = archived,
            .name = vault_name_moved(vault_secret_name(archived), &from, run->namespace),
        };
    }
}

static bool is_archived(const struct run *run, const char *name)
{
    for (size_t i = 0; i < run->count; i++)
        if (strcmp(run->items[i].name, name) == 0)
            return true;
    return false;
}

/* What has to fit the archived ones may be there already. The rest of the set is nobody's pair. */
static bool read_others(struct run *run, struct error *err)
{
    cleanup(vault_names_done) struct vault_names names = {0};
    const struct vault_owner owner = owner_of(run);
    if (!owner.harbor_cluster)
        return true;
    vault_names_of(&names, &owner);
    for (size_t i = 0; i < names.count; i++) {
        json_t *live = NULL;
        const char *name = names.items[i].name;
        if (is_archived(run, name) || !vault_parts[names.items[i].part].without)
            continue;
        if (secrets_get(run->kube, run->namespace, name, &live, err) != KUBE_DONE)
            return false;
        if (live)
            run->others[run->other_count++] = live;
    }
    return true;
}

/* Everything is looked at before anything is changed. */
static bool plan(struct run *run, struct error *err)
{
    name_items(run);
    if (!check_overwrite(run, err))
        return false;
    for (size_t i = 0; i < run->count; i++) {
        struct item *item = &run->items[i];
        if (secrets_get(run->kube, run->namespace, item->name, &item->live, err) != KUBE_DONE)
            return error_wrap(err, "nothing was changed");
        item->decision =
            vault_decide(item->archived, item->live, is_to_be_overwritten(run, item->name));
    }
    return read_others(run, err) || error_wrap(err, "nothing was changed");
}

/* ---- doing it ---- */

static enum kube_status send(struct run *run, struct item *item, struct error *err)
{
    autofree char *collection = xasprintf("/api/v1/namespaces/%s/secrets", run->namespace);
    const struct kube_object place = {collection, item->name,
                                      "get, create and update of this Secret"};
    cleanup(json_decrefp) json_t *object =
        vault_object(item->archived, item->live, item->name, run->namespace);
    return item->live ? kube_put(run->kube, &place, object, NULL, err)
                      : kube_create(run->kube, &place, object, NULL, err);
}

/* Whether the next one may fare better. */
static bool only_this_one(enum kube_status status)
{
    return status == KUBE_FORBIDDEN || status == KUBE_CONFLICT || status == KUBE_REFUSED;
}

static bool is_write(const struct item *item)
{
    return item->decision.action == VAULT_CREATE || item->decision.action == VAULT_OVERWRITE;
}

/* Does it, or has the API server check it as if (`rehearse`). */
static void change_all(struct run *run, bool rehearse)
{
    bool go_on = true;
    kube_rehearse(run->kube, rehearse);
    for (size_t i = 0; i < run->count; i++) {
        struct error err;
        struct item *item = &run->items[i];
        if (!is_write(item))
            continue;
        item->outcome = ITEM_NOT_TRIED;
        if (!go_on)
            continue;
        enum kube_status status = send(run, item, &err);
        item->outcome = status == KUBE_DONE ? ITEM_DONE : ITEM_FAILED;
        run->changed = run->changed || (status == KUBE_DONE && !rehearse);
        go_on = status == KUBE_DONE || only_this_one(status);
        if (status != KUBE_DONE)
            strlist_add(&run->failures, str_of(err.text));
    }
}

/* What will be refused is known before the first write: then nothing is half done. */
static void change(struct run *run)
{
    change_all(run, true);
    if (options_has(run->options, "dry-run"))
        return;
    if (!run->failures.count)
        change_all(run, false);
    for (size_t i = 0; i < run->count; i++)
        if (!run->changed && is_write(&run->items[i]) && run->items[i].outcome == ITEM_DONE)
            run->items[i].outcome = ITEM_NOT_TRIED;
}

static void judge_pairs(struct run *run)
{
    struct vault_held held[VAULT_NAMES_MAX + 2 * VAULT_PARTS];
    size_t count = 0;
    const struct vault_owner owner = owner_of(run);
    for (size_t i = 0; i < run->count; i++) {
        const struct item *item = &run->items[i];
        bool stays = item->decision.action == VAULT_DIFFERS ||
                     item->decision.action == VAULT_REFUSED || item->outcome != ITEM_DONE;
        if (!stays || item->live)
            held[count++] = (struct vault_held){.name = item->name,
                                                .secret = stays ? item->live : item->archived,
                                                .archived = stays ? item->archived : NULL};
    }
    for (size_t i = 0; i < run->other_count; i++)
        held[count++] = (struct vault_held){.name = vault_secret_name(run->others[i]),
                                            .secret = run->others[i]};
    vault_pairs(held, count, &owner, &run->findings);
}

/* ---- telling ---- */

#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

struct word {
    const char *done;
    const char *dry;
    const char *colour;
};

static const struct word words[] = {
    [VAULT_CREATE] = {"created", "to create", GREEN},
    [VAULT_SAME] = {"same", "same", ""},
    [VAULT_OVERWRITE] = {"overwritten", "to overwrite", YELLOW},
    [VAULT_DIFFERS] = {"differs", "differs", RED},
    [VAULT_REFUSED] = {"refused", "refused", RED},
};
#define ACTIONS (sizeof(words) / sizeof(*words))

static const struct word outcomes[] = {
    [ITEM_FAILED] = {"failed", "failed", RED},
    [ITEM_NOT_TRIED] = {"not tried", "not tried", RED},
};

/* All words, one after the other. */
static const struct word *word_at(size_t index)
{
    return index < ACTIONS ? &words[index] : &outcomes[index - ACTIONS + ITEM_FAILED];
}
#define WORDS (ACTIONS + 2)

static size_t word_of(const struct item *item)
{
    return item->outcome == ITEM_DONE ? (size_t)item->decision.action
                                      : ACTIONS + item->outcome - ITEM_FAILED;
}

static void print_changes(const struct run *run, const struct item *item)
{
    cleanup(strlist_clear) struct strlist lines = {0};
    if (item->live && item->decision.action != VAULT_SAME)
        vault_changes(item->archived, item->live, &run->salt, &lines);
    for (size_t i = 0; i < lines.count; i++)
        printf("               %s\n", lines.items[i]);
    if (item->decision.reason)
        printf("               %s\n", item->decision.reason);
}

static void print_item(const struct run *run, const struct item *item, bool dry, bool colour)
{
    const struct word *word = word_at(word_of(item));
    const char *start = colour ? word->colour : "";
    const char *old = vault_secret_name(item->archived);
    printf("  %s%-12s%s %s", start, dry ? word->dry : word->done, *start ? PLAIN : "", item->name);
    if (strcmp(old, item->name) != 0)
        printf(" (was %s)", old);
    json_t *data = json_object_get(item->archived, "data");
    for (void *at = json_object_iter(data); at; at = json_object_iter_next(data, at))
        printf("%s%s", at == json_object_iter(data) ? ": " : ", ", json_object_iter_key(at));
    printf("\n");
    print_changes(run, item);
}

/* "3 created, 1 differs"; returns whether everything is as the archive has it. */
static bool print_sum(const struct run *run, bool dry)
{
    size_t counts[WORDS] = {0};
    const char *between = "";
    for (size_t i = 0; i < run->count; i++)
        counts[word_of(&run->items[i])]++;
    for (size_t i = 0; i < WORDS; i++) {
        if (counts[i])
            printf("%s%zu %s", between, counts[i], dry ? word_at(i)->dry : word_at(i)->done);
        between = counts[i] ? ", " : between;
    }
    printf("%s\n", dry ? " (--dry-run: nothing was changed)" : "");
    return !counts[VAULT_DIFFERS] && !counts[VAULT_REFUSED];
}

static int tell(const struct run *run)
{
    const struct vault_origin *origin = &run->archive.payload.origin;
    bool dry = options_has(run->options, "dry-run");
    bool colour = command_colour();
    autofree char *source = secrets_source(origin);
    printf("%zu Secrets of %s at %s, read %s, to namespace %s at %s\n", run->count, source,
           origin->cluster, origin->created, run->namespace, run->server);
    for (size_t i = 0; i < run->count; i++)
        print_item(run, &run->items[i], dry, colour);
    for (size_t i = 0; i < run->findings.count; i++)
        printf("finding: %s\n", run->findings.items[i]);
    bool fine = print_sum(run, dry) && !run->findings.count;
    for (size_t i = 0; i < run->failures.count; i++)
        command_failed(run->failures.items[i]);
    if (run->failures.count)
        return command_failed(run->changed
                                  ? "not everything was restored; what is 'created' or "
                                    "'overwritten' above is there, and running this again does "
                                    "the rest"
                                  : "nothing was changed");
    return fine ? COMMAND_FINE : COMMAND_FINDINGS;
}

/* ---- the command ---- */

static int restore(struct run *run)
{
    struct error err;
    if (!vault_guard(&err) || !secrets_archive_open(run->options, &run->archive, &err))
        return command_failed(err.text);
    run->namespace = options_get(run->options, "namespace", run->archive.payload.origin.namespace);
    if (!salt_fill(&run->salt))
        return command_failed("no randomness for hashes that mean nothing elsewhere");
    if (!secrets_kube(run->options, &run->kube, &run->server, &err) || !plan(run, &err))
        return command_failed(err.text);
    change(run);
    if (!run->failures.count) /* what was not tried is no finding: the next run does it */
        judge_pairs(run);
    return tell(run);
}

static bool check_usage(const struct options *options, struct error *err)
{
    const char *namespace = options_value(options, "namespace", 0);
    const struct source_place place = cli_place(options, options_get(options, "from", ""));
    if (!options_has(options, "from"))
        return error_set(err, "--from is missing, expected s3://bucket/folder, a folder or an "
                              "archive (" VAULT_ARCHIVE_END ")");
    if (!options_has(options, "key"))
        return error_set(err, "--key is missing, expected the file of a recipient's private key");
    if (namespace && !str_is_dns_label(str_of(namespace)))
        return error_set(err, "--namespace: '%.253s' is not the name of one", namespace);
    return cli_place_complete(&place, "from", err);
}

int cli_secrets_restore(int argc, char **argv)
{
    int result;
    struct error err;
    cleanup(options_done) struct options options = {0};
    if (!command_options(&secrets_restore_help, argc, argv, 0, &options, &result))
        return result;
    if (!check_usage(&options, &err))
        return command_usage_error(secrets_restore_help.name, err.text);
    cleanup(run_done) struct run run = {.options = &options};
    return restore(&run);
}
