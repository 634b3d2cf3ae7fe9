#include "server/cli_patch.h"

#include "base/mem.h"
#include "server/diff.h"
#include "server/mask.h"
#include "server/offline.h"

#include <stdio.h>

/* What one document may become. */
#define OUTPUT_MAX (256u * 1024 * 1024)

static const struct option_row options_table[] = {
    OFFLINE_OPTIONS,
    {"output", "FORM", false, "patch, object, review or diff (patch for a review, else object)"},
    {0},
};

static const struct command_help help = {
    .name = "patch",
    .synopsis = "[--config FILE] [--profile NAME] [--backup-profile NAME]\n"
                "           [--namespace NAME] [--output patch|object|review|diff] [FILE]",
    .about =
        "Decides offline, by the very code of the server, and prints what would change:\n"
        "  patch   the JSON Patch, one line a document, [] when nothing changes\n"
        "  object  the object with the patch, JSON or YAML as it was given; nothing when denied\n"
        "  review  the AdmissionReview that answers, one line a document\n"
        "  diff    the changes to read, in colour on a terminal (NO_COLOR turns it off)\n"
        "diff and messages mask the values of secrets; object and patch are faithful and show\n"
        "them. Warnings and denials are on standard error.\n"
        "\n" OFFLINE_ABOUT,
    .options = options_table,
    .examples =
        "  kubectl get postgresql -n harbor -o yaml | harbor-pg-webhook patch --output diff\n"
        "  harbor-pg-webhook patch review.json\n"
        "  harbor-pg-webhook patch --config webhook.yaml --profile dr-2026-11 pod.yaml\n"
        "  helm template . | harbor-pg-webhook patch --namespace harbor --output object -\n",
};

static void print_line(const json_t *tree)
{
    json_dumpf(tree, stdout, JSON_COMPACT);
    putchar('\n');
}

static bool print_patch(const struct offline_document *document)
{
    print_line(document->verdict->patch);
    return true;
}

static bool print_review(const struct offline_document *document)
{
    print_line(document->verdict->reply);
    return true;
}

/* Nothing for a denied object: applied as it is, it would become the empty database that the
 * denial prevents. */
static bool print_object(const struct offline_document *document)
{
    if (!document->verdict->allowed)
        return false;
    struct buf text = BUF(OUTPUT_MAX);
    manifest_write(document->verdict->after, document->manifest->yaml, &text);
    if (document->printed)
        fputs("---\n", stdout);
    fputs(buf_str(&text).data, stdout);
    buf_clear(&text);
    return true;
}

static bool print_diff(const struct offline_document *document)
{
    json_t *before = mask_object(document->verdict->before);
    json_t *after = mask_object(document->verdict->after);
    bool colour = command_colour();
    struct buf text = BUF(OUTPUT_MAX);
    diff_write(before, after, colour, &text);
    if (text.length)
        printf("%s%s%s%s\n%s", document->printed ? "\n" : "", colour ? "\033[1m" : "",
               document->label, colour ? "\033[0m" : "", text.data);
    bool printed = text.length > 0;
    buf_clear(&text);
    json_decref(before);
    json_decref(after);
    return printed;
}

struct output {
    const char *name;
    offline_print *print;
};

static const struct output outputs[] = {
    {"patch", print_patch},
    {"object", print_object},
    {"review", print_review},
    {"diff", print_diff},
};

#define OUTPUT_COUNT (sizeof(outputs) / sizeof(outputs[0]))

static const struct output *find_output(const char *name)
{
    for (size_t i = 0; i < OUTPUT_COUNT; i++)
        if (strcmp(outputs[i].name, name) == 0)
            return &outputs[i];
    return NULL;
}

static bool print_document(const struct offline_document *document)
{
    const struct output *chosen = document->context;
    if (chosen)
        return chosen->print(document);
    return document->manifest->bare ? print_object(document) : print_patch(document);
}

int cli_patch(int argc, char **argv)
{
    struct options options;
    int result;
    if (!command_options(&help, argc, argv, 1, &options, &result))
        return result;
    const char *form = options_get(&options, "output", NULL);
    const struct output *output = form ? find_output(form) : NULL;
    if (form && !output)
        result = command_usage_error(
            help.name, "option '--output': expected one of patch, object, review, diff");
    else
        result = offline_run(&options, print_document, output, false);
    options_done(&options);
    return result;
}
