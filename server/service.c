#include "server/service.h"

#include "base/mem.h"
#include "patches/shown.h"
#include "server/http_rules.h"

#include <time.h>

bool service_ready(const struct service *service, int64_t now, struct buf *why)
{
    struct error err;
    struct error untrusted;
    bool draining = atomic_load(&service->draining);
    bool valid = keeper_valid(service->keeper, now, &err);
    bool trusted = !service->managed || managed_trusted(service->managed, &untrusted);
    if (draining)
        buf_add_text(why, "draining: the process is about to stop\n");
    if (!valid)
        buf_addf(why, "tls: %s\n", err.text);
    if (!trusted)
        buf_addf(why, "tls: %s\n", untrusted.text);
    return !draining && valid && trusted;
}

static const char *pattern_of(enum port port, const char *path)
{
    struct str profile;
    const struct route *route = routes_find(port, str_of(path), &profile);
    return route ? route->pattern : ROUTES_OTHER;
}

static bool accepts_client(const struct service *service, const struct http_request *request,
                           struct http_reply *reply)
{
    struct error err;
    switch (tls_check_client(service->tls, request->tls_session, &err)) {
    case TLS_CLIENT_FINE:
        return true;
    case TLS_CLIENT_ABSENT:
        http_reply_error(reply, 401,
                         "a client certificate is required, and none was sent (tls.clientCAFile)");
        return false;
    default:
        http_reply_error(reply, 403, "the client certificate is refused: %s (tls.clientCAFile)",
                         err.text);
        return false;
    }
}

static bool accepts_content(const struct http_request *request, struct http_reply *reply)
{
    if (!http_is_json(request->content_type)) {
        http_reply_error(reply, 415, "Content-Type '%s' is not 'application/json'",
                         shown(str_of(request->content_type ? request->content_type : "")).text);
        return false;
    }
    if (!http_is_identity(request->content_encoding)) {
        http_reply_error(reply, 415, "Content-Encoding '%s' is not 'identity'",
                         shown(str_of(request->content_encoding)).text);
        return false;
    }
    return true;
}

static bool accepts(void *context, const struct http_request *request, struct http_reply *reply)
{
    const struct service_port *port = context;
    if (port->port == PORT_WEBHOOK && !accepts_client(port->service, request, reply))
        return false;
    struct str profile;
    const struct route *route = routes_find(port->port, str_of(request->path), &profile);
    if (!route) {
        http_reply_error(reply, 404, "there is no path '%s'", shown(str_of(request->path)).text);
        return false;
    }
    if (!routes_allows(route, request->method)) {
        reply->allow = route->allow;
        http_reply_error(reply, 405, "method '%s' is not one of %s",
                         shown(str_of(request->method)).text, route->allow);
        return false;
    }
    return route->endpoint != ENDPOINT_ADMIT || accepts_content(request, reply);
}

static void log_decision(const struct service *service, enum admit_kind kind,
                         const struct admit_result *result, uint64_t nanos)
{
    const struct admit_summary *summary = &result->summary;
    log_event(service->log, LOG_INFO, "decision",
              LOG_FIELDS(log_text("uid", summary->uid), log_text("kind", admit_kind_name(kind)),
                         log_text("ns", summary->namespace), log_text("name", summary->name),
                         log_text("operation", summary->operation),
                         log_text("decision", summary->state), log_text("reason", summary->reason),
                         log_text("profile", summary->profile),
                         log_number("ops", (int64_t)summary->operations),
                         log_number("warnings", (int64_t)summary->warnings),
                         log_number("us", (int64_t)(nanos / 1000)),
                         log_number("code", result->status), log_flag("dryRun", summary->dry_run)));
}

/* The API server says how long it waits (?timeout=10s); a decision that nobody reads is not worth
 * making, and another replica may be faster. */
static bool in_time(const struct service *service, const struct http_request *request,
                    struct http_reply *reply)
{
    uint64_t timeout;
    if (!request->timeout)
        return true;
    if (!http_go_duration(request->timeout, &timeout)) {
        log_event(service->log, LOG_DEBUG, "timeout is not a duration",
                  LOG_FIELDS(log_text("timeout", request->timeout)));
        return true;
    }
    if (http_clock() - request->arrived < timeout)
        return true;
    reply->retry = true;
    http_reply_error(reply, 503, "the body took longer than the timeout of %.32s",
                     request->timeout);
    return false;
}

static void config_done(struct config **config)
{
    config_unref(*config);
}

static void decide(const struct service *service, const struct route *route, struct str profile,
                   const struct http_request *request, struct http_reply *reply)
{
    if (!in_time(service, request, reply))
        return;
    cleanup(config_done) struct config *config = snapshot_get(service->snapshot);
    uint64_t start = http_clock();
    cleanup(admit_result_done) struct admit_result result = {0};
    admit(config->policy, (struct admit_target){route->kind, profile}, request->body,
          (unsigned)config->server.limits.json_depth, time(NULL), &result);
    if (result.decided) {
        metrics_decision(service->metrics, admit_kind_name(route->kind), &result.summary);
        log_decision(service, route->kind, &result, http_clock() - start);
    }
    if (result.status != 200) {
        http_reply_error(reply, result.status, "%.*s", STR_ARG(buf_str(&result.reply)));
        return;
    }
    reply->status = result.status;
    reply->content_type = "application/json";
    reply->body = result.reply;
    result.reply = BUF(0);
}

static void reply_ready(const struct service *service, struct http_reply *reply)
{
    cleanup(buf_clear) struct buf why = BUF(2048);
    bool ready = service_ready(service, time(NULL), &why);
    reply->status = ready ? 200 : 503;
    buf_add(&reply->body, ready ? STR("ok\n") : buf_str(&why));
}

static void reply(void *context, const struct http_request *request, struct http_reply *reply)
{
    const struct service_port *port = context;
    struct str profile = STR_NONE;
    const struct route *route = routes_find(port->port, str_of(request->path), &profile);
    reply->status = 200;
    reply->content_type = "text/plain; charset=utf-8";
    reply->body = BUF(METRICS_PAGE_MAX);
    switch (route->endpoint) {
    case ENDPOINT_ADMIT:
        decide(port->service, route, profile, request, reply);
        return;
    case ENDPOINT_LIVEZ:
        buf_add_text(&reply->body, "ok\n");
        return;
    case ENDPOINT_READYZ:
        reply_ready(port->service, reply);
        return;
    case ENDPOINT_METRICS:
        reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
        metrics_write(port->service->metrics, &reply->body);
        return;
    }
}

/* A refusal of the webhook port is seen by nobody else but the person whose request failed. */
static void log_refusal(const struct service *service, const struct http_request *request,
                        const struct http_reply *reply)
{
    struct str text = buf_str(&reply->body);
    struct log_field error = log_text("error", "");
    error.text = str_trim(text);
    log_event(service->log, LOG_WARN, "request refused",
              LOG_FIELDS(log_text("method", request->method), log_text("path", request->path),
                         log_number("code", reply->status), error));
}

static void answered(void *context, const struct http_request *request,
                     const struct http_reply *reply)
{
    const struct service_port *port = context;
    const struct service *service = port->service;
    metrics_request(service->metrics, pattern_of(port->port, request->path), reply->status);
    if (port->port != PORT_WEBHOOK)
        return;
    metrics_duration(service->metrics, http_clock() - request->arrived);
    if (reply->status != 200)
        log_refusal(service, request, reply);
}

static void complain(void *context, const char *text)
{
    const struct service_port *port = context;
    log_event(port->service->log, LOG_DEBUG, "http", LOG_FIELDS(log_text("error", text)));
}

struct http_handler service_handler(struct service_port *port)
{
    return (struct http_handler){port, accepts, reply, answered, complain};
}
