/* What `backups watch` serves: /livez, /readyz and /metrics, from the numbers of the last looks. */
#ifndef SERVER_ARCHIVE_WATCH_PAGE_H
#define SERVER_ARCHIVE_WATCH_PAGE_H

#include "server/archive/render_metrics.h"
#include "server/archive/watch_config.h"
#include "server/http.h"
#include "server/log.h"

struct watch_page;

/* Borrows both. The caller frees, once nobody serves it any more. */
struct watch_page *watch_page_new(const struct watch_config *config, struct log *log)
    __attribute__((warn_unused_result));
void watch_page_free(struct watch_page *page);

/* The numbers of a target, which came of a look just now; their prefix must outlive the page. */
void watch_page_set(struct watch_page *page, size_t target, const struct archive_numbers *numbers);

/* What was set last. */
struct archive_numbers watch_page_get(struct watch_page *page, size_t target);

struct http_handler watch_page_handler(struct watch_page *page);

#endif
