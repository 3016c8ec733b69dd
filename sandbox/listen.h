#ifndef PANNIER_SANDBOX_LISTEN_H
#define PANNIER_SANDBOX_LISTEN_H

#include "base/err.h"
#include "sandbox/state.h"

/* The sandbox behind a listening socket. */
struct listener;

/* address as "127.0.0.1:0". The sandbox belongs to the listener's thread until listener_stop has returned. */
bool listener_start(struct sandbox *sandbox, const char *address, struct listener **out, struct err *err) MUST_CHECK;
int listener_port(const struct listener *listener);
/* Answers what waits, stops, frees; the sandbox stays. NULL allowed. */
void listener_stop(struct listener *listener);

#endif
