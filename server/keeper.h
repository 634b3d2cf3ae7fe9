/*
 * Keeps the TLS side supplied with a certificate: from files, read again when they change, made in
 * memory for development, or handed in by who manages it (server/managed.h). A bad new file keeps
 * the old certificate and is told once.
 */
#ifndef SERVER_KEEPER_H
#define SERVER_KEEPER_H

#include "certs/chain.h"
#include "server/config.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/tls.h"
#include "server/watch.h"

struct keeper;

/* Supplies `tls`; all three are borrowed. The caller frees. */
struct keeper *keeper_new(struct tls *tls, struct log *log, struct metrics *metrics)
    __attribute__((warn_unused_result));
void keeper_free(struct keeper *keeper);

/* The first certificate, by the mode of the configuration; in mode managed keeper_serve() brings it
 * later. `now` is seconds UTC. Fails when there is none that can be served; one that is out of date
 * can be, but is not valid. */
bool keeper_start(struct keeper *keeper, const struct config_tls *config, int64_t now,
                  struct error *err) __attribute__((warn_unused_result));

/* Serves this pair from now on. From any thread. */
bool keeper_serve(struct keeper *keeper, struct pem_text certificates, struct pem_text key,
                  struct error *err) __attribute__((warn_unused_result));

/* Reads the files that the mode knows again if one of them changed, if other ones are configured,
 * or if the last try failed. A pair that is not valid at `now` replaces none. Failures are logged.
 * `clock` is that of watch_changed(). */
void keeper_refresh(struct keeper *keeper, const struct config_tls *config, int64_t now,
                    uint64_t clock);

/* What says when keeper_refresh() is due; borrowed. */
const struct watch *keeper_watch(const struct keeper *keeper);

/* Whether the certificate that is served is valid at `now`. From any thread. */
bool keeper_valid(const struct keeper *keeper, int64_t now, struct error *err)
    __attribute__((warn_unused_result));

#endif
