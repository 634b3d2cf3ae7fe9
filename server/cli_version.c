#include "server/cli_version.h"

#include "certs/library.h"
#include "server/command.h"
#include "server/http.h"
#include "server/s3_xml.h"
#include "server/tls.h"
#include "server/transfer.h"
#include "server/version.h"
#include "server/yaml.h"

#include <jansson.h>
#include <stdio.h>

struct library {
    const char *name;
    const char *(*version)(void);
};

static const struct library libraries[] = {
    {"libmicrohttpd", http_library_version}, {"GnuTLS", tls_library_version},
    {"OpenSSL", certs_library_version},      {"jansson", jansson_version_str},
    {"libyaml", yaml_library_version},       {"libcurl", transfer_library_version},
    {"expat", s3_xml_library_version},
};

#define LIBRARY_COUNT (sizeof(libraries) / sizeof(libraries[0]))

static const struct option_row options_table[] = {
    {"json", NULL, false, "one JSON object on one line"},
    {0},
};

static const struct command_help help = {
    .name = "version",
    .synopsis = "[--json]",
    .about = "Prints the version, the commit it was built from, and the versions of the libraries\n"
             "that are in use right now.\n",
    .options = options_table,
    .examples = "  harbor-pg-webhook version --json\n",
};

static void print_json(void)
{
    json_t *versions = json_object();
    for (size_t i = 0; i < LIBRARY_COUNT; i++)
        json_object_set_new(versions, libraries[i].name, json_string(libraries[i].version()));
    json_t *all = json_pack("{s:s, s:s, s:o}", "version", VERSION, "commit", VERSION_COMMIT,
                            "libraries", versions);
    json_dumpf(all, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(all);
}

static void print_text(void)
{
    printf(PROGRAM " " VERSION "\ncommit " VERSION_COMMIT "\n");
    for (size_t i = 0; i < LIBRARY_COUNT; i++)
        printf("%s %s\n", libraries[i].name, libraries[i].version());
}

int cli_version(int argc, char **argv)
{
    struct options options;
    int result;
    if (!command_options(&help, argc, argv, 0, &options, &result))
        return result;
    if (options_has(&options, "json"))
        print_json();
    else
        print_text();
    options_done(&options);
    return COMMAND_FINE;
}
