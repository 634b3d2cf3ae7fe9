#include "server/cli_backups.h"

#include "base/file.h"
#include "base/mem.h"
#include "server/archive/collect.h"
#include "server/archive/deep.h"
#include "server/archive/judge.h"
#include "server/archive/render.h"
#include "server/archive/render_metrics.h"
#include "server/archive/walg_list.h"
#include "server/cli_place.h"
#include "server/command.h"

#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BACKUPS_MOST 10000

static const struct option_row verify_options[] = {
    {"prefix", "PLACE", false, "the archive: s3://bucket/.../wal/VERSION, or a folder"},
    {"walg-list", "FILE", false, "compare with what 'wal-g backup-list --detail --json' printed"},
    {"deep", NULL, false, "read every object: does it decompress, is it what its name says"},
    {"rate", "BYTES/s", false, "with --deep: read no faster than that, such as 10MiB/s"},
    {"max-backup-age", "TIME", false, "the newest usable backup must not be older, such as 26h"},
    {"max-wal-age", "TIME", false, "the newest WAL must not be older, such as 15m"},
    {"min-backups", "N", false, "at least so many backups must be usable"},
    {"json", NULL, false, "print the result as JSON, one line"},
    {"prometheus", NULL, false, "print the result as metrics"},
    CLI_PLACE_OPTIONS,
    {0},
};

const struct command_help backups_verify_help = {
    .name = "backups verify",
    .synopsis = "--prefix PLACE [OPTION...]",
    .about =
        "Judges an archive of WAL-G: is each backup whole, does the WAL behind it have no hole,\n"
        "how far would a restore come. Each finding says what it means for a restore and the\n"
        "way out. Reads listings and the descriptions of backups, and with --deep everything.\n"
        "\n"
        "Exit status: 0 usable; 4 findings (an empty archive is one); 1 could not tell: the\n"
        "network, credentials, permissions, something encrypted; 2 usage.\n",
    .options = verify_options,
    .examples =
        "  harbor-pg-webhook backups verify --region eu-central-1 --max-backup-age 26h \\\n"
        "    --prefix s3://harbor-db-backups/spilo/postgresql-harbor-harbor/99e85b8a/wal/15\n"
        "  wal-g backup-list --detail --json |\n"
        "    harbor-pg-webhook backups verify --prefix \"$WALG_S3_PREFIX\" --walg-list -\n"
        "  harbor-pg-webhook backups verify --prefix ./copy/wal/15 --deep --rate 50MiB/s\n",
};

/* What the command line asks for. */
struct request {
    struct judge_options judge;
    const char *walg_list;
    bool deep;
    uint64_t rate; /* bytes each second; 0 = as fast as it goes */
    bool json, prometheus;
};

static bool read_request(const struct options *options, struct request *ret, struct error *err)
{
    struct request request = {.walg_list = options_value(options, "walg-list", 0),
                              .deep = options_has(options, "deep"),
                              .json = options_has(options, "json"),
                              .prometheus = options_has(options, "prometheus"),
                              .judge.now = time(NULL)};
    if (request.json && request.prometheus)
        return error_set(err, "--json and --prometheus exclude each other");
    if (options_has(options, "rate") && !request.deep)
        return error_set(err, "--rate is the speed of --deep, which is not given");
    if (!cli_duration(options, "max-backup-age", 0, &request.judge.max_backup_age, err) ||
        !cli_duration(options, "max-wal-age", 0, &request.judge.max_wal_age, err) ||
        !cli_number(options, "min-backups", BACKUPS_MOST, 0, &request.judge.min_backups, err) ||
        !cli_rate(options, "rate", 0, &request.rate, err))
        return false;
    *ret = request;
    return true;
}

/* When the list was made: of a pipe, now. */
static int64_t list_time(const char *path)
{
    struct stat file;
    if (strcmp(path, "-") != 0 && stat(path, &file) == 0 && S_ISREG(file.st_mode))
        return file.st_mtime;
    return time(NULL);
}

/* WAL-G's list, read before the archive is: what WAL-G does meanwhile is then no difference. */
struct walg_list {
    struct buf text;
    int64_t taken;
    bool failed;
    struct error why;
};

static void read_list(const char *path, struct walg_list *list)
{
    list->text = BUF(WALG_LIST_MAX);
    list->taken = list_time(path);
    list->failed = !file_read(path, &list->text, &list->why);
}

static void add_list(struct report *report, const struct walg_list *list)
{
    if (list->failed)
        walg_list_failed(report, list->why.text);
    else
        walg_list_compare(report, buf_str(&list->text), list->taken);
}

static int print_report(const struct report *report, const struct request *request)
{
    struct buf out = BUF(RENDER_MAX);
    if (request->json) {
        render_json(report, &out);
    } else if (request->prometheus) {
        struct archive_numbers numbers = archive_numbers_of(report, time(NULL), 0);
        render_metrics(&numbers, 1, time(NULL), &out);
    } else {
        struct render_style style = {command_colour(), command_width()};
        render_report(report, style, &out);
    }
    fputs(buf_str(&out).data, stdout);
    buf_clear(&out);
    if (report_count(report, FINDING_DAMAGE))
        return COMMAND_FINDINGS;
    return report_count(report, FINDING_UNKNOWN) ? COMMAND_FAILED : COMMAND_FINE;
}

static void read_all(struct source *source, const struct facts *facts, uint64_t rate,
                     struct report *report)
{
    struct progress progress = progress_to(STDERR_FILENO);
    const struct deep_options options = {.rate = rate, .progress = &progress};
    deep(source, facts, &options, report);
}

static int verify(const struct request *request, struct source *source)
{
    struct walg_list list = {0};
    struct facts facts;
    struct report report;
    if (request->walg_list)
        read_list(request->walg_list, &list);
    collect(source, &facts);
    judge(&facts, source_name(source), &request->judge, &report);
    if (request->deep)
        read_all(source, &facts, request->rate, &report);
    if (request->walg_list)
        add_list(&report, &list);
    int result = print_report(&report, request);
    report_done(&report);
    facts_done(&facts);
    buf_clear(&list.text);
    return result;
}

int cli_backups_verify(int argc, char **argv)
{
    int result;
    struct error err;
    struct request request;
    struct source *source;
    cleanup(options_done) struct options options = {0};
    if (!command_options(&backups_verify_help, argc, argv, 0, &options, &result))
        return result;
    const char *prefix = options_value(&options, "prefix", 0);
    if (!prefix)
        return command_usage_error(backups_verify_help.name,
                                   "--prefix is missing, expected s3://bucket/... or a folder");
    if (!read_request(&options, &request, &err))
        return command_usage_error(backups_verify_help.name, err.text);
    struct source_place place = cli_place(&options, prefix);
    if (!cli_place_complete(&place, "prefix", &err))
        return command_usage_error(backups_verify_help.name, err.text);
    if (!source_open(&place, &source, &err))
        return command_failed(err.text);
    result = verify(&request, source);
    source_close(source);
    return result;
}
