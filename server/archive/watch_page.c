#include "server/archive/watch_page.h"

#include "base/mem.h"
#include "patches/shown.h"
#include "server/metrics.h"

#include <pthread.h>
#include <time.h>

struct watch_page {
    const struct watch_config *config;
    struct log *log;
    pthread_mutex_t lock;
    struct archive_numbers *numbers; /* of each target */
};

struct watch_page *watch_page_new(const struct watch_config *config, struct log *log)
{
    struct watch_page *page = xcalloc(1, sizeof(*page));
    page->config = config;
    page->log = log;
    page->numbers = xcalloc(config->target_count, sizeof(*page->numbers));
    for (size_t i = 0; i < config->target_count; i++)
        page->numbers[i].prefix = config->targets[i].prefix;
    pthread_mutex_init(&page->lock, NULL);
    return page;
}

void watch_page_free(struct watch_page *page)
{
    if (!page)
        return;
    pthread_mutex_destroy(&page->lock);
    free(page->numbers);
    free(page);
}

void watch_page_set(struct watch_page *page, size_t target, const struct archive_numbers *numbers)
{
    pthread_mutex_lock(&page->lock);
    page->numbers[target] = *numbers;
    pthread_mutex_unlock(&page->lock);
}

struct archive_numbers watch_page_get(struct watch_page *page, size_t target)
{
    pthread_mutex_lock(&page->lock);
    struct archive_numbers numbers = page->numbers[target];
    pthread_mutex_unlock(&page->lock);
    return numbers;
}

static void reply_live(struct watch_page *page, struct http_reply *reply)
{
    (void)page;
    buf_add_text(&reply->body, "ok\n");
}

/* Ready is who has looked at each archive. */
static void reply_ready(struct watch_page *page, struct http_reply *reply)
{
    size_t waiting = 0;
    for (size_t i = 0; i < page->config->target_count; i++)
        waiting += !watch_page_get(page, i).looked;
    if (!waiting) {
        buf_add_text(&reply->body, "ok\n");
        return;
    }
    reply->status = 503;
    buf_addf(&reply->body, "%zu of %zu archives were not looked at yet\n", waiting,
             page->config->target_count);
}

static void reply_metrics(struct watch_page *page, struct http_reply *reply)
{
    reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
    pthread_mutex_lock(&page->lock);
    render_metrics(page->numbers, page->config->target_count, time(NULL), &reply->body);
    pthread_mutex_unlock(&page->lock);
    buf_addf(&reply->body,
             "# HELP harbor_pg_webhook_backup_interval_seconds How long from one look at an "
             "archive to the next.\n"
             "# TYPE harbor_pg_webhook_backup_interval_seconds gauge\n"
             "harbor_pg_webhook_backup_interval_seconds %g\n",
             (double)page->config->interval / 1000);
    metrics_write_process(&reply->body);
}

static const struct route {
    const char *path;
    void (*reply)(struct watch_page *page, struct http_reply *reply);
} routes[] = {
    {"/livez", reply_live},
    {"/readyz", reply_ready},
    {"/metrics", reply_metrics},
};

static const struct route *find_route(const char *path)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
        if (strcmp(routes[i].path, path) == 0)
            return &routes[i];
    return NULL;
}

static bool accepts(void *context, const struct http_request *request, struct http_reply *reply)
{
    (void)context;
    if (!find_route(request->path)) {
        http_reply_error(reply, 404, "there is no path '%s'", shown(str_of(request->path)).text);
        return false;
    }
    if (strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0)
        return true;
    reply->allow = "GET, HEAD";
    http_reply_error(reply, 405, "method '%s' is not one of GET, HEAD",
                     shown(str_of(request->method)).text);
    return false;
}

static void answer(void *context, const struct http_request *request, struct http_reply *reply)
{
    reply->status = 200;
    reply->content_type = "text/plain; charset=utf-8";
    reply->body = BUF(METRICS_PAGE_MAX);
    const struct route *route = find_route(request->path);
    if (route) /* accepts() has seen to it */
        route->reply(context, reply);
}

static void complain(void *context, const char *text)
{
    const struct watch_page *page = context;
    log_event(page->log, LOG_DEBUG, "http", LOG_FIELDS(log_text("error", text)));
}

struct http_handler watch_page_handler(struct watch_page *page)
{
    return (struct http_handler){page, accepts, answer, NULL, complain};
}
