#ifndef PANNIER_SANDBOX_GATE_H
#define PANNIER_SANDBOX_GATE_H

#include "sandbox/route.h"

/* Finds route, id and account as far as the request names them; what is missing stays NULL. Reports broken silence. */
void gate_identify(struct call *call);

/* What a request must pass before its handler, in this order. Each is false with an error left in the call. */
bool gate_route(struct call *call) MUST_CHECK;
bool gate_key(struct call *call) MUST_CHECK;
bool gate_revision(struct call *call) MUST_CHECK;
bool gate_limit(struct call *call) MUST_CHECK;    /* counts the request, sets the rate headers */
bool gate_scope(struct call *call) MUST_CHECK;
bool gate_body(struct call *call) MUST_CHECK;     /* parses it and checks its shape */

/* Answers with Retry-After and no rate headers, and remembers that the endpoint is to be left alone so long. */
void gate_ask_silence(struct call *call, int64_t wait_s);

#endif
