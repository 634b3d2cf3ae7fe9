#include "server/cli_explain.h"

#include "base/mem.h"
#include "server/offline.h"

#include <stdio.h>
#include <unistd.h>

static const struct option_row options_table[] = {
    OFFLINE_OPTIONS,
    {"json", NULL, false, "for programs: one array of {rule, matched, why, changes} a document"},
    {0},
};

static const struct command_help help = {
    .name = "explain",
    .synopsis = "[--config FILE] [--profile NAME] [--backup-profile NAME]\n"
                "           [--namespace NAME] [--json] [FILE]",
    .about = "Decides offline, by the very code of the server, and tells for every rule in order\n"
             "whether it matched, why, and what it changes; then the verdict, with warnings and\n"
             "the reason for a denial. Values of secrets are never shown.\n"
             "\n" OFFLINE_ABOUT,
    .options = options_table,
    .examples = "  harbor-pg-webhook explain review.json\n"
                "  kubectl get pod -n harbor postgresql-harbor-harbor-0 -o yaml |\n"
                "    harbor-pg-webhook explain --config webhook.yaml --profile enabled\n"
                "  harbor-pg-webhook explain --json review.json | jq '.[] | select(.matched)'\n",
};

/* What a colour is for; all empty where none is wanted. */
struct paint {
    const char *good;
    const char *bad;
    const char *faint;
    const char *bold;
    const char *end;
};

static const struct paint colours = {"\033[32m", "\033[31m", "\033[2m", "\033[1m", "\033[0m"};
static const struct paint plain = {"", "", "", "", ""};

static int rule_width(const struct trace *trace)
{
    size_t width = 0;
    for (size_t i = 0; i < trace->count; i++)
        if (strlen(trace->rules[i].rule) > width)
            width = strlen(trace->rules[i].rule);
    return (int)width;
}

static void print_rule(const struct trace_rule *rule, int width, const struct paint *paint)
{
    printf("  %s%s%s %-*s  %s\n", rule->matched ? paint->good : paint->faint,
           rule->matched ? "✓" : "–", paint->end, width, rule->rule, rule->why);
    if (rule->changes[0])
        printf("    %-*s  changes: %s\n", width, "", rule->changes);
}

static void print_pass(const struct offline_document *document, const struct verdict_pass *pass,
                       const struct paint *paint)
{
    printf("%s%s", paint->bold, document->label);
    if (pass->profile[0])
        printf(", %s profile '%s'", admit_kind_name(pass->kind), pass->profile);
    printf("%s\n", paint->end);
    int width = rule_width(&pass->trace);
    for (size_t i = 0; i < pass->trace.count; i++)
        print_rule(&pass->trace.rules[i], width, paint);
    putchar('\n');
}

static bool print_text(const struct offline_document *document)
{
    const struct verdict *verdict = document->verdict;
    const struct paint *paint = command_colour() ? &colours : &plain;
    if (document->printed)
        putchar('\n');
    for (size_t i = 0; i < verdict->pass_count; i++)
        print_pass(document, &verdict->passes[i], paint);

    size_t operations = json_array_size(verdict->patch);
    if (!verdict->allowed)
        printf("%s✗ denied%s (%s): %s\n", paint->bad, paint->end, verdict->reason,
               verdict->message);
    else if (operations)
        printf("%s✓ allowed%s (%s), %zu operation%s in the patch\n", paint->good, paint->end,
               verdict->reason, operations, operations == 1 ? "" : "s");
    else
        printf("%s✓ allowed%s (%s), nothing changes\n", paint->good, paint->end, verdict->reason);
    for (size_t i = 0; i < verdict->warnings.count; i++)
        printf("  warning: %s\n", verdict->warnings.items[i]);
    return true;
}

static bool print_json(const struct offline_document *document)
{
    const struct verdict *verdict = document->verdict;
    json_t *rules = json_array();
    for (size_t i = 0; i < verdict->pass_count; i++)
        for (size_t j = 0; j < verdict->passes[i].trace.count; j++) {
            const struct trace_rule *rule = &verdict->passes[i].trace.rules[j];
            json_array_append_new(rules, json_pack("{s:s, s:b, s:s, s:s}", "rule", rule->rule,
                                                   "matched", (int)rule->matched, "why", rule->why,
                                                   "changes", rule->changes));
        }
    json_dumpf(rules, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(rules);
    return true;
}

int cli_explain(int argc, char **argv)
{
    struct options options;
    int result;
    if (!command_options(&help, argc, argv, 1, &options, &result))
        return result;
    bool json = options_has(&options, "json");
    /* A person at a terminal has read the verdict already. */
    bool quiet = !json && isatty(STDOUT_FILENO);
    result = offline_run(&options, json ? print_json : print_text, NULL, quiet);
    options_done(&options);
    return result;
}
